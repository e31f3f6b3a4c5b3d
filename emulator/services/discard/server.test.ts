import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../base/address.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { sha256Hex } from '../../base/sha256.ts';
import { fakeHost } from '../testing/fake-sockets.ts';
import { plainCopy } from '../../base/testing/plain-copy.ts';
import { DISCARD_PORT, DiscardServer } from './server.ts';

function started() {
  const host = fakeHost();
  const discard = new DiscardServer();
  return { host, discard, running: discard.start(host) };
}

describe('discard', () => {
  it('reports length and SHA-256 of all a client sent, and sends nothing', () => {
    const { host, discard } = started();
    const bytes = new Uint8Array(700_001);
    new Xoshiro128(5).fill(bytes);
    const peer = host.sockets.dial(DISCARD_PORT);
    peer.piece = 1460;
    peer.say(bytes);
    peer.end();
    host.sockets.settle();
    expect(discard.report().connections).toEqual([
      {
        from: peer.remote,
        startedAt: 0,
        endedAt: 0,
        bytes: 700_001,
        sha256: sha256Hex(bytes),
        state: 'closed',
      },
    ]);
    expect(peer.receivedBytes).toBe(0);
    expect(peer.closed).toBe(true);
  });

  it('tells a cut transfer from a finished one', () => {
    const { host, discard } = started();
    const peer = host.sockets.dial(DISCARD_PORT);
    peer.say('half of it');
    host.sockets.pass(5);
    expect(discard.report().connections[0]).toMatchObject({ state: 'open', bytes: 10, endedAt: 5 });
    peer.reset();
    host.sockets.settle();
    expect(discard.report().connections[0]).toMatchObject({ state: 'reset', bytes: 10 });
  });

  it('counts datagrams and answers none', () => {
    const { host, discard } = started();
    host.sockets.arrive(DISCARD_PORT, endpoint4(ipv4('192.168.76.100'), 1), new Uint8Array(9));
    host.sockets.settle();
    expect(discard.report()).toMatchObject({ datagrams: 1, datagramBytes: 9 });
    expect(host.sockets.sent).toEqual([]);
  });

  it('keeps its newest 64 reports', () => {
    const { host, discard } = started();
    for (let i = 0; i < 70; i++) {
      const peer = host.sockets.dial(DISCARD_PORT);
      peer.say(new Uint8Array(i));
      peer.end();
      host.sockets.settle();
    }
    const { connections } = discard.report();
    expect(connections.map((c) => c.bytes)).toEqual(Array.from({ length: 64 }, (_, i) => i + 6));
  });

  it('gives its reports to a restored one as plain data, with open connections as reset', () => {
    const { host, discard } = started();
    const done = host.sockets.dial(DISCARD_PORT);
    done.say('all');
    done.end();
    host.sockets.dial(DISCARD_PORT).say('some');
    host.sockets.settle();
    const restored = new DiscardServer();
    restored.restore(plainCopy(discard.save()));
    expect(restored.report().connections.map((c) => [c.bytes, c.state])).toEqual([
      [3, 'closed'],
      [4, 'reset'],
    ]);
    expect(restored.counters).toEqual(discard.counters);
  });

  it('leaves no timer and no port behind when it is stopped', () => {
    const { host, running, discard } = started();
    host.sockets.dial(DISCARD_PORT);
    host.sockets.settle();
    running.dispose();
    host.sockets.settle();
    expect([host.clock.leftover, host.sockets.ports]).toEqual([0, 0]);
    expect(discard.report().connections[0]!.state).toBe('stopped');
  });
});
