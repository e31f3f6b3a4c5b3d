/** What the card did and what it threw away, for panels, tests and the lab's evidence. Not visible to the guest. */

/** Why a frame went no further. */
export interface Rtl8139Drops {
  /** Receiver or clock off, or no link. */
  rxOff: number;
  /** Not for us: the address filter. */
  rxFiltered: number;
  /** Shorter than an Ethernet header. */
  rxTooShort: number;
  /** Longer than the card may deliver. */
  rxOversize: number;
  /** Still to be segmented, and this card cannot. */
  rxGso: number;
  /** A checksum to be filled in outside the frame. */
  rxBadOffload: number;
  /** Ring and queue full: the frames MPC counts. */
  rxMissed: number;
  /** The ring does not lie in guest memory. */
  rxBadDma: number;
  /** Waiting when the receiver was switched off or reset. */
  rxDiscarded: number;
  /** Longer than 1792 bytes: aborted. */
  txOversize: number;
  /** The buffer does not lie in guest memory: aborted. */
  txBadDma: number;
  /** Shorter than an Ethernet header. */
  txTooShort: number;
  /** Sent without link. */
  txNoCarrier: number;
}

export interface Rtl8139Counters {
  /** Frames put into the ring, and their bytes without padding and FCS. */
  rxPackets: number;
  rxBytes: number;
  /** Frames handed to the link, and their bytes without FCS. */
  txPackets: number;
  txBytes: number;
  /** Frames below 60 bytes that the driver did not pad; the chip sends them as they are. */
  txShort: number;
  /** Errors of this program caught at the register window; 0 unless there is a bug. */
  faults: number;
  readonly drops: Rtl8139Drops;
}

export function rtl8139Counters(): Rtl8139Counters {
  return {
    rxPackets: 0,
    rxBytes: 0,
    txPackets: 0,
    txBytes: 0,
    txShort: 0,
    faults: 0,
    drops: {
      rxOff: 0,
      rxFiltered: 0,
      rxTooShort: 0,
      rxOversize: 0,
      rxGso: 0,
      rxBadOffload: 0,
      rxMissed: 0,
      rxBadDma: 0,
      rxDiscarded: 0,
      txOversize: 0,
      txBadDma: 0,
      txTooShort: 0,
      txNoCarrier: 0,
    },
  };
}
