import { describe, expect, it } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { ACK_FLAG } from '../wire/tcp.ts';
import { Bench } from './testing/bench.ts';
import { FILER, HOST, pingFrame, tcpFrame } from './testing/frames.ts';
import { Storm } from './testing/fuzz.ts';

describe('hostile frames', () => {
  it('M5: thousands of mutated frames never throw, never answer badly, and leave everything within its bounds', () => {
    const storm = new Storm(2013);
    storm.run(6000);
    expect(storm.answers).toBeGreaterThan(500);
    const { bench } = storm;
    bench.advance(900 * SECOND);
    bench.take();
    expect(bench.slirp.table().filter((r) => r.protocol !== 'tcp')).toEqual([]);
    bench.slirp.dispose();
    expect(bench.clock.leftover).toBe(0);
  });

  it('M7: never sends what it was not given: a short answer after long ones is padded with zeros', () => {
    const bench = new Bench();
    bench.exchange(pingFrame(HOST, 1, 1, new Uint8Array(1400).fill(0xa5)));
    const [short] = bench.exchange(
      tcpFrame(FILER, { srcPort: 1, dstPort: 2, seq: 1, ack: 1, flags: ACK_FLAG }),
    );
    expect([...short!.bytes.slice(54)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
