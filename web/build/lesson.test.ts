import { describe, expect, it } from 'vitest';
import { parseMac } from '../../emulator/base/address.ts';
import { labs } from '../../labs/index.ts';
import { renderLesson } from './lesson.ts';

const texts = import.meta.glob<string>('../../labs/*/text.md', {
  eager: true,
  query: '?raw',
  import: 'default',
});

describe('rendering a lesson', () => {
  it('turns fences into controls and the rest into prose, in order', () => {
    const text =
      '# Ignored\n\nIntro.\n\n## one\n\nA `code`.\n\n```run\nls\nuname -a\n```\n\nAfter.\n\n```hint\n**Try**\n```\n';
    const lesson = renderLesson(text);
    expect(lesson.intro.map((b) => b.kind)).toEqual(['prose']);
    expect(lesson.steps['one']).toEqual([
      { kind: 'prose', html: '<p>A <code>code</code>.</p>' },
      { kind: 'run', commands: ['ls', 'uname -a'] },
      { kind: 'prose', html: '<p>After.</p>' },
      { kind: 'hint', html: '<p><strong>Try</strong></p>' },
    ]);
  });

  it('refuses two sections for one step', () => {
    expect(() => renderLesson('## a\n\nx\n\n## a\n\ny\n')).toThrow('“a”');
  });

  it.each(labs.map((lab) => [lab.id, lab] as const))('fits the manifest of %s', (id, lab) => {
    const lesson = renderLesson(texts[`../../labs/${id}/text.md`] ?? '');
    expect(Object.keys(lesson.steps)).toEqual(lab.steps.map((s) => s.id));
    for (const block of [lesson.intro, ...Object.values(lesson.steps)].flat()) {
      if (block.kind === 'table') expect(Object.keys(lab.tables)).toContain(block.name);
      if (block.kind === 'path')
        expect(['nat', 'bridge', 'native']).toEqual(expect.arrayContaining([...block.paths]));
      if (block.kind === 'mac') expect(parseMac(block.mac)).not.toBeNull();
    }
  });
});
