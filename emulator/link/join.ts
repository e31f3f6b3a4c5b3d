/** Joins two links: what arrives at one is sent on the other, in the same call and without a copy. */
import type { Disposable } from '../base/disposable.ts';
import type { Link } from '../base/link.ts';
import { ignoreFrame, ignoreReady } from '../base/link.ts';

/**
 * What a link offers in addition when the device behind it can hold its frames back (a card that leaves them in its
 * transmit descriptors). Without it, frames that come while the other side is full are dropped and counted there.
 */
export interface HoldsBack {
  /** Set by whoever joins the device: whether the far side would take a full-sized frame. */
  farReady: () => boolean;
  /** Called when `farReady()` turns true again. Never called from inside the device's own `onReceive`. */
  farBecameReady(): void;
}

const holdsBack = (link: Link | (Link & HoldsBack)): link is Link & HoldsBack => 'farReady' in link;

/** Takes over `onReceive` and `onReady` of both until disposed of. */
export function join(a: Link, b: Link): Disposable {
  const ways = [
    [a, b],
    [b, a],
  ] as const;
  for (const [from, to] of ways) {
    from.onReceive = (frame) => to.transmit(frame);
    if (!holdsBack(from)) continue;
    from.farReady = () => to.ready();
    to.onReady = () => from.farBecameReady();
  }
  return {
    dispose: () => {
      for (const [from, to] of ways) {
        from.onReceive = ignoreFrame;
        to.onReady = ignoreReady;
        if (holdsBack(from)) from.farReady = () => true;
      }
    },
  };
}
