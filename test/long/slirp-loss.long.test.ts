/** T33: bulk data through SLIRP and both kernels while the guest's card loses frames: every byte arrives, once, in order. */
import { describe, expect, it } from 'vitest';
import { IPV4_ANY } from '../../emulator/base/address.ts';
import { endpoint4, type HostStream } from '../../emulator/base/host-sockets.ts';
import type { FaultProfile } from '../../emulator/link/faults.ts';
import { FILER_ADDRESS } from '../../emulator/topology/plan.ts';
import { Receiver, Sender } from './content.ts';
import { natWorld, runUntil } from './nat-world.ts';
import { scaled } from './scale.ts';

const MIB = 2 ** 20;
const PORT = 5001;
const HOUR = 3600e9;

interface Transferred {
  readonly up: number;
  readonly down: number;
  /** Frames the card lost. */
  readonly lost: number;
  readonly virtualNs: number;
  readonly flowsLeft: number;
}

/** Moves `up` bytes to the filer and `down` bytes back over one connection, both at once. */
function transfer(seed: number, faults: Partial<FaultProfile>, up: number, down: number): Transferred {
  const { clock, guest, filer, card, slirp } = natWorld(seed, faults);
  const listening = filer.sockets.listen(endpoint4(IPV4_ANY, PORT), 4);
  const connecting = guest.sockets.connect(endpoint4(FILER_ADDRESS, PORT));
  if (!listening.ok || !connecting.ok) throw new Error('no socket');
  const ends: string[] = [];
  const atFiler = new Receiver(seed);
  const atGuest = new Receiver(seed + 1);
  const serve = (stream: HostStream, sender: Sender, receiver: Receiver): void => {
    const pump = (): void => {
      sender.pump(stream);
      receiver.pump(stream);
    };
    stream.onEvent = ({ type }) => {
      pump();
      if (type !== 'readable' && type !== 'writable' && type !== 'connected') ends.push(type);
    };
    if (stream.phase === 'open') pump();
  };
  listening.value.onAccept = (stream) => serve(stream, new Sender(seed + 1, down), atFiler);
  serve(connecting.value, new Sender(seed, up), atGuest);
  runUntil(clock, () => ends.filter((e) => e === 'closed').length === 2, HOUR * 10);
  expect(ends.filter((e) => e === 'reset' || e === 'failed')).toEqual([]);
  const virtualNs = clock.now();
  while (clock.now() < virtualNs + 200e9 && slirp.table().length > 0) clock.runDue(clock.nextDeadline());
  return {
    up: atFiler.received,
    down: atGuest.received,
    lost: card.transmitCounters.dropped + card.receiveCounters.dropped,
    virtualNs,
    flowsLeft: slirp.table().length,
  };
}

describe('T33: SLIRP and kernels', () => {
  const bulk = scaled(100 * MIB);
  const rates = [
    { drop: 0.01, seed: 331 },
    { drop: 0.02, seed: 332 },
  ];

  it.each(rates)(`carry ${bulk} bytes out through a loss of $drop (seed $seed)`, ({ drop, seed }) => {
    const result = transfer(seed, { drop }, bulk, 0);
    expect(result).toMatchObject({ up: bulk, down: 0, flowsLeft: 0 });
    expect(result.lost).toBeGreaterThan((bulk / 1460) * drop * 0.8);
  });

  it.each(rates)(`carry ${bulk} bytes in through a loss of $drop (seed $seed)`, ({ drop, seed }) => {
    const result = transfer(seed, { drop }, 0, bulk);
    expect(result).toMatchObject({ up: 0, down: bulk, flowsLeft: 0 });
    expect(result.lost).toBeGreaterThan((bulk / 1460) * drop * 0.8);
  });

  it('carry data both ways at once through loss, damage, doubles and reordering (seed 333)', () => {
    const size = scaled(8 * MIB);
    const faults = { drop: 0.01, corrupt: 0.002, duplicate: 0.005, reorder: 0.01 };
    expect(transfer(333, faults, size, size)).toMatchObject({ up: size, down: size, flowsLeft: 0 });
  });

  it('do the same each time, and otherwise with another seed (seeds 334, 335)', () => {
    const run = (seed: number): Transferred => transfer(seed, { drop: 0.015 }, scaled(5 * MIB), 1000);
    expect(run(334)).toEqual(run(334));
    expect(run(335)).not.toEqual(run(334));
  });
});
