import { describe, expect, it } from 'vitest';
import { frameOf } from '../base/frame.ts';
import { Patch } from './patch.ts';

describe('Patch', () => {
  it('hands a frame over in the same call, both ways', () => {
    const patch = new Patch();
    patch.plugged = true;
    const seen: string[] = [];
    patch.card.onReceive = (f) => seen.push(`card ${f.id}`);
    patch.netdev.onReceive = (f) => seen.push(`netdev ${f.id}`);
    patch.card.transmit(frameOf(new Uint8Array(60), 1));
    patch.netdev.transmit(frameOf(new Uint8Array(60), 2));
    expect(seen).toEqual(['netdev 1', 'card 2']);
    expect(patch.card.counters).toMatchObject({ txPackets: 1, rxPackets: 1, txBytes: 60 });
  });

  it('loses and counts what is sent while it is pulled', () => {
    const patch = new Patch();
    let received = 0;
    patch.netdev.onReceive = () => received++;
    patch.card.transmit(frameOf(new Uint8Array(60), 1));
    expect(received).toBe(0);
    expect(patch.card.counters.txDropped).toBe(1);
  });
});
