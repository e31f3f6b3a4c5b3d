/** The frame seam: what travels over a Link. */

/** Names one frame for as long as it is the same frame; given where the frame is born. Unique in a world, from 1. */
export type PacketId = number;

/** What the sender left for a later stage to do (TSO/GSO), as `virtio_net_hdr` says it. */
export interface Offload {
  /** Where the checksum still to be filled starts, from the start of the frame; -1: no checksum is missing. */
  readonly csumStart: number;
  /** Where to store it, from `csumStart`. */
  readonly csumOffset: number;
  /** Payload bytes per segment when the frame is larger than the MTU; 0: one segment. */
  readonly gsoSize: number;
  readonly gsoKind: 'none' | 'tcpv4' | 'tcpv6' | 'udp';
}

export const NO_OFFLOAD: Offload = { csumStart: -1, csumOffset: 0, gsoSize: 0, gsoKind: 'none' };

/**
 * An Ethernet frame without FCS.
 * `bytes` is borrowed: valid until the call that passed the frame returns. Whoever keeps it copies it (`copyFrame`).
 */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly id: PacketId;
  readonly offload: Offload;
}

export function frameOf(bytes: Uint8Array, id: PacketId, offload: Offload = NO_OFFLOAD): Frame {
  return { bytes, id, offload };
}

/** A copy that its holder owns. */
export function copyFrame(frame: Frame): Frame {
  return { bytes: frame.bytes.slice(), id: frame.id, offload: frame.offload };
}

/** Hands out packet ids; one per world. */
export class PacketIds {
  #next: PacketId;

  constructor(next: PacketId = 1) {
    this.#next = next;
  }

  next(): PacketId {
    return this.#next++;
  }

  save(): number {
    return this.#next;
  }

  restore(next: number): void {
    this.#next = next;
  }
}
