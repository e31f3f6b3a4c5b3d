/** Runs the lab's checks while the machine runs: when frames, commands or answers are new, and at most every 700 ms. */
import type { Evidence, LabStatus } from '../../worker/api.ts';
import type { Notices } from './notices.svelte.ts';
import type { Progress } from './progress.svelte.ts';
import type { Session } from './session.svelte.ts';

const EVERY_MS = 700;

export class Checks {
  evidence: Evidence | null = $state.raw(null);
  readonly #session: Session;
  readonly #progress: Progress;
  readonly #notices: Notices;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, progress: Progress, notices: Notices) {
    this.#session = session;
    this.#progress = progress;
    this.#notices = notices;
  }

  /** Looks again soon; calls in between are one. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.now();
    }, EVERY_MS);
  }

  async now(): Promise<void> {
    const reply = await this.#session.api?.evidence().catch(() => null);
    if (!reply?.ok) return;
    this.evidence = reply.value;
    const progress = this.#progress;
    const { lab } = progress;
    const news = progress.check(reply.value).map((id) => {
      const title = lab.steps.find((s) => s.id === id)?.title ?? id;
      return `Check passed: ${title}. ${progress.resultOf(id).sentence}`;
    });
    if (news.length === 0) return;
    if (progress.count === lab.steps.length) news.push(`All checks passed. You found: ${lab.findings}`);
    this.#notices.say(news.join(' '));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Changes whenever there may be something new for the checks. */
export const checkTrigger = (status: LabStatus | null, commands: number): string =>
  status ? `${status.frames}.${status.framesLost}.${commands}.${status.state}` : '';
