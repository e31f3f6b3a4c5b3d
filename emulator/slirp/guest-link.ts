/** The guest's end of SLIRP: what the virtual card is plugged into. */
import type { Frame } from '../base/frame.ts';
import { ignoreFrame, ignoreReady, linkCounters, type Link } from '../base/link.ts';

export class GuestLink implements Link {
  onReady: () => void = ignoreReady;
  onReceive: (frame: Frame) => void = ignoreFrame;
  /**
   * Whether the guest's card takes a frame now (QEMU's `can_receive`). While it does not, packets wait, and `resume` must be called when it
   * does again. A card that never says no needs not set it.
   */
  peerReady: () => boolean = () => true;
  /** rx: frames from the guest; tx: frames to it. */
  readonly counters = linkCounters();
  readonly #input: (frame: Frame) => void;
  readonly #resume: () => void;

  constructor(input: (frame: Frame) => void, resume: () => void) {
    this.#input = input;
    this.#resume = resume;
  }

  /** A frame of the guest; borrowed until return. Nothing is delivered to the guest meanwhile. */
  transmit(frame: Frame): void {
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.bytes.length;
    this.#input(frame);
  }

  /** Always: as in QEMU, the NAT never holds a sender back; its sockets and windows do. */
  ready(): boolean {
    return true;
  }

  /** The guest's card has room again. */
  resume(): void {
    this.#resume();
  }

  /** A frame to the guest; borrowed until return. */
  deliver(frame: Frame): void {
    this.counters.txPackets++;
    this.counters.txBytes += frame.bytes.length;
    this.onReceive(frame);
  }
}
