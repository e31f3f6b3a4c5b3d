/**
 * The patch between a virtual card and what QEMU attaches to it (its "netdev"): no wire, no delay, no queue, as in QEMU, where a card's
 * frame is handed to the netdev in the same call. It can be pulled and plugged; what is sent while it is pulled is lost and counted.
 */
import type { Frame } from '../base/frame.ts';
import { ignoreFrame, ignoreReady, linkCounters, type Link, type LinkCounters } from '../base/link.ts';

class PatchEnd implements Link {
  onReceive: (frame: Frame) => void = ignoreFrame;
  onReady: () => void = ignoreReady;
  readonly counters: LinkCounters = linkCounters();
  readonly #patch: Patch;
  readonly #side: 'card' | 'netdev';

  constructor(patch: Patch, side: 'card' | 'netdev') {
    this.#patch = patch;
    this.#side = side;
  }

  transmit(frame: Frame): void {
    if (!this.#patch.plugged) {
      this.counters.txDropped++;
      return;
    }
    this.counters.txPackets++;
    this.counters.txBytes += frame.bytes.length;
    const other = this.#side === 'card' ? this.#patch.netdev : this.#patch.card;
    other.counters.rxPackets++;
    other.counters.rxBytes += frame.bytes.length;
    other.onReceive(frame);
  }

  /** A netdev always takes the card's frames, as QEMU's do; a card without room drops and counts by itself. */
  ready(): boolean {
    return true;
  }
}

export class Patch {
  plugged = false;
  /** The end the card uses. */
  readonly card: Link & { readonly counters: LinkCounters } = new PatchEnd(this, 'card');
  /** The end the netdev (SLIRP or tap) uses. */
  readonly netdev: Link & { readonly counters: LinkCounters } = new PatchEnd(this, 'netdev');
}
