/** Deep links both ways: what a link asks of the page, and the link to what the page shows. */
import type { Lab } from '../../labs/schema.ts';
import type { Capture } from './capture.svelte.ts';
import { formatLink, parseLink, type ParsedLink } from './deep-link.ts';
import type { Layout } from './layout.svelte.ts';
import type { Notices } from './notices.svelte.ts';
import type { Progress } from './progress.svelte.ts';
import type { Session } from './session.svelte.ts';

interface Parts {
  readonly lab: Lab;
  readonly session: Session;
  readonly capture: Capture;
  readonly progress: Progress;
  readonly layout: Layout;
  readonly notices: Notices;
}

export class Links {
  /** A packet a link asks for, until the capture has it. */
  #wanted: number | null = $state(null);
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The hash for what is on the screen now. */
  get hash(): string {
    const { lab, session, capture, progress, layout } = this.#parts;
    const packet = capture.selected ?? this.#wanted;
    return formatLink({
      lab: lab.id,
      step: progress.current,
      path: session.path,
      ...(layout.maximised && { panel: layout.maximised }),
      ...(packet !== null && { packet }),
    });
  }

  /** Steps, panel and packet of a link; path and MAC are part of the topology a page starts with. */
  follow({ link, problems }: ParsedLink): void {
    const { progress, layout, notices } = this.#parts;
    if (problems.length > 0)
      notices.show({
        id: 'link',
        kind: 'warning',
        title: 'Part of this link does not fit',
        text: problems.join(' '),
      });
    if (link.step !== undefined) progress.chosen = link.step;
    if (link.panel !== undefined) {
      layout.reveal(link.panel);
      layout.maximised = link.panel;
    }
    if (link.packet !== undefined) this.#wanted = link.packet;
  }

  /** The reader changed the address by hand, or followed a link to this page. */
  changed(hash: string): void {
    if (hash === this.hash) return;
    const { lab, session } = this.#parts;
    const parsed = parseLink(hash, lab.id);
    const { link } = parsed;
    if (link.lab !== undefined && link.lab !== lab.id) return location.reload();
    this.follow(parsed);
    if (link.path !== undefined) void session.setPath(link.path);
    if (link.mac !== undefined && link.mac !== session.mac) void session.setMac(link.mac);
  }

  /** Selects the wanted packet once it has been captured. Called whenever the capture may have grown. */
  seek(): void {
    const { session, capture, layout } = this.#parts;
    const wanted = this.#wanted;
    const status = session.status;
    const captured = status ? status.frames + status.framesLost : 0;
    if (wanted === null || capture.total === 0 || captured <= wanted) return;
    this.#wanted = null;
    layout.reveal('packets');
    void capture.selectIndex(wanted);
  }
}
