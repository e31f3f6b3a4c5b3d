/** The text of each lab, by lab id. */
import type { LessonText } from './blocks.ts';

const texts = import.meta.glob<LessonText>('../../labs/*/text.md', {
  eager: true,
  query: '?lesson',
  import: 'default',
});

export const lessonText = (lab: string): LessonText =>
  texts[`../../labs/${lab}/text.md`] ?? { intro: [], steps: {} };
