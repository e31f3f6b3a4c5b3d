import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../base/address.ts';
import { latin1Bytes } from '../../base/bytes.ts';
import { SECOND } from '../../base/clock.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { fakeHost } from '../testing/fake-sockets.ts';
import { ECHO_PORT, EchoServer } from './server.ts';

const client = endpoint4(ipv4('192.168.76.100'), 50_000);

function started() {
  const host = fakeHost();
  const echo = new EchoServer();
  return { host, echo, running: echo.start(host) };
}

describe('echo', () => {
  it('sends a datagram back to where it came from, unchanged', () => {
    const { host } = started();
    host.sockets.arrive(ECHO_PORT, client, Uint8Array.of(1, 2, 3));
    host.sockets.arrive(ECHO_PORT, client, new Uint8Array(0));
    host.sockets.settle();
    expect(host.sockets.sent).toEqual([
      { to: client, data: Uint8Array.of(1, 2, 3) },
      { to: client, data: new Uint8Array(0) },
    ]);
  });

  it('does not answer a port that would answer back', () => {
    const { host, echo } = started();
    host.sockets.arrive(ECHO_PORT, endpoint4(ipv4('192.168.76.10'), 7), latin1Bytes('again'));
    host.sockets.arrive(ECHO_PORT, endpoint4(ipv4('192.168.76.10'), 19), latin1Bytes('again'));
    host.sockets.settle();
    expect(host.sockets.sent).toEqual([]);
    expect(echo.counters.loops).toBe(2);
  });

  it('answers every one of a burst larger than a turn', () => {
    const { host } = started();
    for (let i = 0; i < 200; i++) host.sockets.arrive(ECHO_PORT, client, Uint8Array.of(i));
    host.sockets.settle();
    expect(host.sockets.sent.map((d) => d.data[0])).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('returns a stream to the byte, however narrow the way back, and closes after the client', () => {
    const { host } = started();
    const bytes = new Uint8Array(100_000);
    new Xoshiro128(5).fill(bytes);
    const peer = host.sockets.dial(ECHO_PORT);
    peer.window = 1000;
    peer.say(bytes);
    peer.end();
    host.sockets.settle();
    // It has read what it can hold and no more.
    expect(peer.available()).toBe(bytes.length - 1000 - 16_384);
    for (let i = 0; i < 200 && !peer.closed; i++) {
      peer.open(777);
      host.sockets.settle();
    }
    expect(peer.takeBytes()).toEqual(bytes);
    expect(peer.closed).toBe(true);
    expect(peer.aborted).toBe(false);
  });

  it('refuses connections above its limit and takes new ones when others are gone', () => {
    const { host, echo } = started();
    const peers = Array.from({ length: 33 }, () => host.sockets.dial(ECHO_PORT));
    host.sockets.settle();
    expect(peers.map((p) => p.aborted).indexOf(true)).toBe(32);
    peers[0]!.end();
    host.sockets.settle();
    const late = host.sockets.dial(ECHO_PORT);
    late.say('hello');
    host.sockets.settle();
    expect(late.takeText()).toBe('hello');
    expect(echo.counters).toMatchObject({ accepted: 33, refused: 1 });
  });

  it('resets a client that has been silent for five minutes, counted from its last byte', () => {
    const { host, echo } = started();
    const peer = host.sockets.dial(ECHO_PORT);
    host.sockets.pass(299 * SECOND);
    peer.say('x');
    host.sockets.pass(299 * SECOND);
    expect(peer.closed).toBe(false);
    host.sockets.pass(SECOND);
    expect(peer.aborted).toBe(true);
    expect(echo.counters.timedOut).toBe(1);
  });

  it('leaves no timer, port or connection behind when it is stopped', () => {
    const { host, running } = started();
    const peer = host.sockets.dial(ECHO_PORT);
    host.sockets.settle();
    running.dispose();
    running.dispose();
    host.sockets.settle();
    expect(host.clock.leftover).toBe(0);
    expect(host.sockets.ports).toBe(0);
    expect(peer.aborted).toBe(true);
  });

  it('says which port it could not have', () => {
    const { host } = started();
    expect(() => new EchoServer().start(host)).toThrow('echo: port 7: EADDRINUSE');
  });
});
