/**
 * Lesson Markdown → blocks, at build time, so that the page carries no Markdown parser. `## step-id` opens a step; fenced
 * blocks named `run`, `path`, `mac`, `table` and `hint` become controls; everything else is prose. Lessons are our own files:
 * their HTML is trusted.
 */
import { lexer, parser, type Token, type Tokens } from 'marked';
import type { Block, LessonText } from '../lab/blocks.ts';

const html = (tokens: Token[]): string => parser(tokens).trim();
const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function control(token: Tokens.Code): Block | null {
  const text = token.text.trim();
  switch (token.lang) {
    case 'run':
      return { kind: 'run', commands: lines(text) };
    case 'path':
      return { kind: 'path', paths: lines(text) };
    case 'mac':
      return { kind: 'mac', mac: text };
    case 'table':
      return { kind: 'table', name: text };
    case 'hint':
      return { kind: 'hint', html: html(lexer(text)) };
    default:
      return null;
  }
}

export function renderLesson(markdown: string): LessonText {
  const intro: Block[] = [];
  const steps: Record<string, Block[]> = {};
  let into = intro;
  let prose: Token[] = [];
  const flush = (): void => {
    const text = html(prose);
    if (text !== '') into.push({ kind: 'prose', html: text });
    prose = [];
  };
  for (const token of lexer(markdown)) {
    const block = token.type === 'code' ? control(token as Tokens.Code) : null;
    if (token.type === 'heading' && token.depth === 2) {
      flush();
      const id = String(token.text).trim();
      if (steps[id]) throw new Error(`the step “${id}” has two sections`);
      into = steps[id] = [];
    } else if (block) {
      flush();
      into.push(block);
    } else prose.push(token);
  }
  flush();
  return { intro, steps };
}

/** A Vite plugin: `import text from './text.md?lesson'` gives the rendered blocks. */
export function lessonPlugin() {
  return {
    name: 'tapline-lesson',
    enforce: 'pre' as const,
    transform(code: string, id: string) {
      if (!id.endsWith('.md?lesson')) return null;
      return { code: `export default ${JSON.stringify(renderLesson(code))};`, map: null };
    },
  };
}
