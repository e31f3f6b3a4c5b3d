import { describe, expect, it } from 'vitest';
import type { MacAddr } from '../base/address.ts';
import { mac } from '../base/address.ts';
import { SECOND } from '../base/clock.ts';
import type { Frame } from '../base/frame.ts';
import { frameOf } from '../base/frame.ts';
import { putEthernet } from '../wire/ethernet.ts';
import { plainCopy } from '../base/testing/plain-copy.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { BridgePort } from './bridge.ts';
import { Bridge } from './bridge.ts';

const A = mac('52:54:00:12:34:56');
const B = mac('00:25:90:0a:00:02');
const BROADCAST = mac('ff:ff:ff:ff:ff:ff');

function frame(src: MacAddr, dst: MacAddr): Frame {
  const bytes = new Uint8Array(60);
  putEthernet(bytes, dst, src, 0x88b5);
  return frameOf(bytes, 1);
}

function setUp(names = ['eth0', 'tap0', 'tap1']): {
  clock: ManualClock;
  bridge: Bridge;
  ports: BridgePort[];
  /** Names of the ports that the last frame left by. */
  send: (port: number, src: MacAddr, dst: MacAddr) => string[];
} {
  const clock = new ManualClock();
  const bridge = new Bridge(clock);
  let left: string[] = [];
  const ports = names.map((name) => {
    const port = bridge.addPort(name);
    port.onReceive = () => left.push(name);
    return port;
  });
  return {
    clock,
    bridge,
    ports,
    send: (port, src, dst) => {
      left = [];
      ports[port]!.transmit(frame(src, dst));
      return left;
    },
  };
}

describe('a bridge', () => {
  it('floods unknown destinations, never back out of the port they came from', () => {
    const { send } = setUp();
    expect(send(0, A, B)).toEqual(['tap0', 'tap1']);
  });

  it('forwards to the port where the destination was heard', () => {
    const { send } = setUp();
    send(1, A, BROADCAST);
    expect(send(0, B, A)).toEqual(['tap0']);
  });

  it('floods broadcast and multicast even from known sources', () => {
    const { send } = setUp();
    send(1, A, BROADCAST);
    expect(send(1, A, BROADCAST)).toEqual(['eth0', 'tap1']);
    expect(send(1, A, mac('33:33:00:00:00:16'))).toEqual(['eth0', 'tap1']);
  });

  it('keeps a frame whose destination is on the port it came from', () => {
    const { send, bridge, ports } = setUp();
    send(0, B, BROADCAST);
    expect(send(0, A, B)).toEqual([]);
    expect(bridge.drops.samePort).toBe(1);
    expect(ports[0]!.counters.rxDropped).toBe(1);
  });

  it('learns that a station moved', () => {
    const { send, bridge } = setUp();
    send(1, A, BROADCAST);
    send(2, A, BROADCAST);
    expect(send(0, B, A)).toEqual(['tap1']);
    expect(bridge.table().map((row) => [row.mac, row.port])).toEqual([
      ['52:54:00:12:34:56', 'tap1'],
      ['00:25:90:0a:00:02', 'eth0'],
    ]);
  });

  it('forgets an address 300 s after it was last heard', () => {
    const { send, clock, bridge } = setUp();
    send(1, A, BROADCAST);
    clock.advance(299 * SECOND);
    expect(bridge.table()[0]?.age).toBe(299 * SECOND);
    expect(send(0, B, A)).toEqual(['tap0']);
    clock.advance(SECOND);
    expect(send(0, B, A)).toEqual(['tap0', 'tap1']);
    expect(bridge.table().map((row) => row.port)).toEqual(['eth0']);
  });

  it('does not forward the reserved group addresses', () => {
    const { send, bridge } = setUp();
    for (const last of ['00', '0e', '0f']) expect(send(0, A, mac(`01:80:c2:00:00:${last}`))).toEqual([]);
    expect(bridge.drops.reserved).toBe(3);
    expect(send(0, A, mac('01:80:c2:00:00:10'))).toEqual(['tap0', 'tap1']);
  });

  it('drops frames from a group or zero source and learns nothing from them', () => {
    const { send, bridge } = setUp();
    expect(send(0, mac('01:00:5e:00:00:01'), B)).toEqual([]);
    expect(send(0, mac('00:00:00:00:00:00'), B)).toEqual([]);
    expect(bridge.drops.badSource).toBe(2);
    expect(bridge.table()).toEqual([]);
  });

  it('bounds its table, and takes new addresses once old ones have aged', () => {
    const { send, clock, bridge } = setUp();
    for (let i = 1; i <= 1030; i++) send(0, (0x0200_0000_0000 + i) as MacAddr, BROADCAST);
    expect(bridge.table().length).toBe(1024);
    expect(bridge.notLearnt).toBe(6);
    clock.advance(300 * SECOND);
    send(1, A, BROADCAST);
    expect(bridge.table().map((row) => row.port)).toEqual(['tap0']);
  });

  it('forgets what was learnt on a port that is removed', () => {
    const { send, bridge, ports } = setUp();
    send(1, A, BROADCAST);
    bridge.removePort(ports[1]!);
    expect(bridge.table()).toEqual([]);
    expect(send(0, B, A)).toEqual(['tap1']);
    expect(send(1, A, B)).toEqual([]);
  });

  it('refuses a second port of the same name', () => {
    const { bridge } = setUp();
    expect(() => bridge.addPort('eth0')).toThrow('eth0');
  });

  it('passes the frame itself on, without a copy', () => {
    const { bridge, ports } = setUp();
    const sent = frame(A, B);
    const seen: Frame[] = [];
    ports[1]!.onReceive = (f) => seen.push(f);
    ports[0]!.transmit(sent);
    expect(seen[0]).toBe(sent);
    expect(bridge.ports[1]!.counters.txPackets).toBe(1);
  });

  it('floods to the ports of the moment when a receiver removes one', () => {
    const { bridge, ports, send } = setUp();
    ports[1]!.onReceive = () => bridge.removePort(ports[2]!);
    expect(send(0, A, B)).toEqual([]);
    expect(bridge.ports.map((p) => p.name)).toEqual(['eth0', 'tap0']);
  });

  it('ends a loop of bridges instead of running forever', () => {
    const { bridge, ports, send } = setUp();
    ports[1]!.onReceive = (f) => ports[2]!.transmit(f);
    ports[2]!.onReceive = (f) => ports[1]!.transmit(f);
    send(0, A, BROADCAST);
    expect(bridge.drops.loop).toBeGreaterThan(0);
    ports[1]!.onReceive = () => undefined;
    ports[2]!.onReceive = () => undefined;
    const loops = bridge.drops.loop;
    send(0, B, BROADCAST);
    expect(bridge.drops.loop).toBe(loops);
    expect(bridge.table().map((row) => row.mac)).toContain('00:25:90:0a:00:02');
  });

  it('bounds the work of a storm among many looped ports', () => {
    const { bridge, ports, send } = setUp(Array.from({ length: 9 }, (_, i) => `p${i}`));
    let seen = 0;
    ports.forEach((port, i) => {
      port.onReceive = (f) => {
        seen++;
        ports[(i + 1) % ports.length]!.transmit(f);
      };
    });
    send(0, A, BROADCAST);
    expect(bridge.drops.loop).toBeGreaterThan(0);
    expect(seen).toBeLessThan(100_000);
  });

  it('goes on from a saved state', () => {
    const { send, bridge, clock } = setUp();
    send(1, A, BROADCAST);
    const state = plainCopy(bridge.save());
    const other = new Bridge(clock);
    const left: string[] = [];
    for (const name of ['eth0', 'tap0', 'tap1']) other.addPort(name).onReceive = () => left.push(name);
    other.restore(state);
    expect(other.table()).toEqual(bridge.table());
    expect(other.ports.map((p) => p.counters)).toEqual(bridge.ports.map((p) => p.counters));
    other.ports[0]!.transmit(frame(B, A));
    expect(left).toEqual(['tap0']);
  });

  it('agrees with an obvious model of it on random traffic', () => {
    const { send, clock } = setUp();
    const heard = new Map<number, { port: number; at: number }>();
    const names = ['eth0', 'tap0', 'tap1'];
    let x = 1;
    const random = (n: number): number => (x = (x * 48_271) % 0x7fff_ffff) % n;
    for (let i = 0; i < 2000; i++) {
      clock.advance(random(20) * SECOND);
      const [port, s, d] = [random(3), 1 + random(6), 1 + random(6)];
      heard.set(s, { port, at: clock.now() });
      const known = heard.get(d);
      const fresh = known && clock.now() - known.at < 300 * SECOND;
      const expected = fresh
        ? known.port === port ? [] : [names[known.port]]
        : names.filter((_, p) => p !== port); // prettier-ignore
      expect(send(port, (0x0200_0000_0000 + s) as MacAddr, (0x0200_0000_0000 + d) as MacAddr)).toEqual(
        expected,
      );
    }
  });
});
