/**
 * The contract every implementation of the host-sockets seam keeps (rules at the top of emulator/base/host-sockets.ts).
 * Cases an implementation cannot meet are skipped by its capabilities, and the list of what was skipped is printed.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Endpoint,
  HostSockets,
  HostStream,
  IpAddr,
  Made,
  SocketError,
  StreamEvent,
} from '../../emulator/base/host-sockets.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';

/** One world with the sockets under test and another host to talk to. */
export interface HostSocketsFixture {
  readonly sockets: HostSockets;
  readonly address: IpAddr;
  /** The far host, by the same seam. */
  readonly peer: HostSockets;
  readonly peerAddress: IpAddr;
  /** Nobody has this address; `null`: cannot be had here. */
  readonly unreachable: Endpoint | null;
  /** Swallows everything; `null`: cannot be had here. */
  readonly silent: Endpoint | null;
  /** Bytes the ledger saw handed to streams of `sockets`; `null`: not recorded. */
  readonly sentBytes: (() => number) | null;
  /** Lets time pass until `done`; false when it never came true. */
  run(done: () => boolean): Promise<boolean>;
  /** Lets everything under way come to rest. */
  settle(): Promise<void>;
  /** Timers and ports of `sockets` that are still there, by name. */
  leftovers(): string[];
  dispose(): void;
}

const at = (ip: IpAddr, port: number): Endpoint => ({ ip, port });

export function must<T>(made: Made<T>): T {
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

interface Watched {
  readonly stream: HostStream;
  readonly events: StreamEvent[];
  /** Bytes read so far, with `reading` on. */
  readonly got: number[];
  reading: boolean;
  has(type: StreamEvent['type']): boolean;
  drain(piece?: number): void;
}

function watch(stream: HostStream): Watched {
  const events: StreamEvent[] = [];
  const buffer = new Uint8Array(65536);
  const w: Watched = {
    stream,
    events,
    got: [],
    reading: true,
    has: (type) => events.some((e) => e.type === type),
    drain(piece = buffer.length) {
      for (let n = stream.recv(buffer, 0, piece); n > 0; n = stream.recv(buffer, 0, piece))
        for (let i = 0; i < n; i++) w.got.push(buffer[i]!);
    },
  };
  stream.onEvent = (e) => {
    events.push(e);
    if (w.reading && (e.type === 'readable' || e.type === 'ended')) w.drain();
  };
  return w;
}

function bytes(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  new Xoshiro128(seed).fill(data);
  return data;
}

/** Sends all of `data`, waiting for `writable` in between. */
async function sendAll(f: HostSocketsFixture, w: Watched, data: Uint8Array): Promise<void> {
  let sent = 0;
  const done = await f.run(() => {
    sent += w.stream.send(data, sent, data.length - sent);
    return sent === data.length;
  });
  if (!done) throw new Error(`only ${sent} of ${data.length} bytes were taken`);
}

export function hostSocketsContract(name: string, make: () => Promise<HostSocketsFixture>): void {
  const skipped: string[] = [];

  describe(`host sockets: ${name}`, () => {
    let f: HostSocketsFixture;
    beforeEach(async () => {
      f = await make();
    });
    afterEach(() => f.dispose());
    afterAll(() => {
      if (skipped.length > 0) console.log(`${name} skipped: ${skipped.join('; ')}`);
    });

    /** A case that needs something the implementation may not have. */
    const itIf = (
      sentence: string,
      has: (f: HostSocketsFixture) => boolean,
      run: () => Promise<void>,
    ): void => {
      it(sentence, async () => {
        if (has(f)) await run();
        else skipped.push(sentence);
      });
    };

    /** A connected pair: ours and the far side's. */
    async function pair(): Promise<{ ours: Watched; theirs: Watched; port: number }> {
      let accepted: Watched | null = null;
      const listener = must(f.peer.listen(at(f.peerAddress, 0), 10));
      listener.onAccept = (s) => (accepted = watch(s));
      const ours = watch(must(f.sockets.connect(listener.local)));
      expect(await f.run(() => ours.has('connected') && accepted !== null)).toBe(true);
      return { ours, theirs: accepted!, port: listener.local.port };
    }

    it('connect: the event comes later, with both ends open and the addresses right', async () => {
      const { ours, theirs, port } = await pair();
      expect(ours.stream.phase).toBe('open');
      expect(theirs.stream.phase).toBe('open');
      expect(ours.stream.remote).toEqual(at(f.peerAddress, port));
      expect(theirs.has('connected')).toBe(false);
      if (f.peer.caps.sourceAddress) expect(theirs.stream.remote.port).toBe(ours.stream.local?.port);
    });

    itIf(
      'refused: failed with ECONNREFUSED, then closed, nothing else',
      (x) => x.sockets.caps.connectResult === 'exact',
      async () => {
        const listener = must(f.peer.listen(at(f.peerAddress, 0), 1));
        const { port } = listener.local;
        listener.dispose();
        const w = watch(must(f.sockets.connect(at(f.peerAddress, port))));
        expect(await f.run(() => w.has('closed'))).toBe(true);
        expect(w.events.map((e) => e.type)).toEqual(['failed', 'closed']);
        expect(w.events[0]).toMatchObject({ error: 'ECONNREFUSED' });
      },
    );

    itIf(
      'unreachable: failed with EHOSTUNREACH',
      (x) => x.unreachable !== null,
      async () => {
        const w = watch(must(f.sockets.connect(f.unreachable!)));
        expect(await f.run(() => w.has('closed'))).toBe(true);
        expect(w.events[0]).toMatchObject({ type: 'failed', error: 'EHOSTUNREACH' });
      },
    );

    itIf(
      'timeout: failed with ETIMEDOUT',
      (x) => x.silent !== null,
      async () => {
        const w = watch(must(f.sockets.connect(f.silent!)));
        expect(await f.run(() => w.has('closed'))).toBe(true);
        expect(w.events[0]).toMatchObject({ type: 'failed', error: 'ETIMEDOUT' });
      },
    );

    it('read in small pieces: every byte once and in order; 0 when there is nothing', async () => {
      const { ours, theirs } = await pair();
      ours.reading = false;
      const data = bytes(5000, 1);
      await sendAll(f, theirs, data);
      expect(await f.run(() => ours.stream.available() === data.length)).toBe(true);
      ours.drain(7);
      expect(Uint8Array.from(ours.got)).toEqual(data);
      expect(ours.stream.recv(new Uint8Array(10), 0, 10)).toBe(0);
    });

    itIf(
      'peek: looks ahead without taking',
      (x) => x.sockets.caps.peek,
      async () => {
        const { ours, theirs } = await pair();
        ours.reading = false;
        await sendAll(f, theirs, Uint8Array.of(1, 2, 3, 4, 5));
        await f.run(() => ours.stream.available() === 5);
        const into = new Uint8Array(4);
        expect(ours.stream.peek(into, 1, 3, 2)).toBe(3);
        expect([...into]).toEqual([0, 3, 4, 5]);
        expect(ours.stream.available()).toBe(5);
      },
    );

    it('send copies: the buffer may change at once', async () => {
      const { ours, theirs } = await pair();
      const buffer = Uint8Array.of(1, 2, 3);
      expect(ours.stream.send(buffer, 0, 3)).toBe(3);
      buffer.fill(0xa5);
      await f.run(() => theirs.got.length === 3);
      expect(theirs.got).toEqual([1, 2, 3]);
    });

    itIf(
      'write more than fits: takes a part, says writable when there is room, loses nothing',
      (x) => x.sockets.caps.backpressure !== 'none',
      async () => {
        const { ours, theirs } = await pair();
        theirs.reading = false;
        const data = bytes(20 << 20, 2);
        let sent = 0;
        // A reader that does not read: in the end nothing more is taken.
        for (let i = 0; i < 200; i++) {
          sent += ours.stream.send(data, sent, data.length - sent);
          await f.settle();
          if (ours.stream.send(data, sent, 0) === 0 && sent === data.length) break;
        }
        expect(sent).toBeLessThan(data.length);
        const before = ours.events.length;
        theirs.reading = true;
        theirs.drain();
        expect(await f.run(() => ours.events.slice(before).some((e) => e.type === 'writable'))).toBe(true);
        expect(await f.run(() => theirs.got.length === sent)).toBe(true);
        expect(Buffer.compare(Uint8Array.from(theirs.got), data.subarray(0, sent))).toBe(0);
      },
    );

    itIf(
      'half close: our end of sending leaves receiving open, and the other way round',
      (x) => x.sockets.caps.halfClose,
      async () => {
        for (const side of ['ours', 'theirs'] as const) {
          const p = await pair();
          const [first, second] = side === 'ours' ? [p.ours, p.theirs] : [p.theirs, p.ours];
          await sendAll(f, first, Uint8Array.of(1));
          expect(first.stream.shutdownSend()).toBe(true);
          expect(first.stream.send(Uint8Array.of(9), 0, 1)).toBe(0);
          expect(await f.run(() => second.has('ended'))).toBe(true);
          expect(second.got).toEqual([1]);
          expect(second.stream.phase).toBe('ended');
          const data = bytes(100_000, 3);
          await sendAll(f, second, data);
          expect(await f.run(() => first.got.length === data.length)).toBe(true);
          second.stream.shutdownSend();
          expect(await f.run(() => first.has('closed') && second.has('closed'))).toBe(true);
          expect(first.has('reset') || second.has('reset')).toBe(false);
        }
      },
    );

    itIf(
      'reset by us: the far side hears of it',
      (x) => x.sockets.caps.abort && x.peer.caps.resetVisible,
      async () => {
        const { ours, theirs } = await pair();
        ours.stream.abort();
        expect(await f.run(() => theirs.has('closed'))).toBe(true);
        expect(theirs.events.filter((e) => e.type === 'reset')).toEqual([
          { type: 'reset', error: 'ECONNRESET' },
        ]);
      },
    );

    itIf(
      'reset by the far side: reset, then closed',
      (x) => x.sockets.caps.resetVisible && x.peer.caps.abort,
      async () => {
        const { ours, theirs } = await pair();
        theirs.stream.abort();
        expect(await f.run(() => ours.has('closed'))).toBe(true);
        expect(ours.events.map((e) => e.type).filter((t) => t !== 'connected')).toEqual(['reset', 'closed']);
        expect(ours.stream.phase).toBe('closed');
      },
    );

    it('200 connections at once, each with its own bytes', async () => {
      const listener = must(f.peer.listen(at(f.peerAddress, 0), 256));
      listener.onAccept = (s) => {
        const w = watch(s);
        w.stream.onEvent = (e) => {
          if (e.type !== 'readable') return;
          const buffer = new Uint8Array(100);
          s.send(buffer, 0, s.recv(buffer, 0, 100));
        };
      };
      const clients = Array.from({ length: 200 }, (_, i) => {
        const w = watch(must(f.sockets.connect(listener.local)));
        const inner = w.stream.onEvent;
        w.stream.onEvent = (e) => {
          if (e.type === 'connected') w.stream.send(Uint8Array.of(i, i ^ 0x55), 0, 2);
          inner(e);
        };
        return w;
      });
      expect(await f.run(() => clients.every((c) => c.got.length === 2))).toBe(true);
      expect(clients.every((c, i) => c.got[0] === i && c.got[1] === (i ^ 0x55))).toBe(true);
    });

    itIf(
      'UDP: a reply from another port arrives, with that port',
      (x) => x.sockets.caps.udp === 'full-cone',
      async () => {
        const ours = must(f.sockets.datagram(4));
        const server = must(f.peer.datagram(4, at(f.peerAddress, 0)));
        const stranger = must(f.peer.datagram(4, at(f.peerAddress, 0)));
        server.onReadable = () => {
          const d = server.recv();
          if (d !== null) stranger.send(d.from, Uint8Array.of(42), 0, 0);
        };
        const got: unknown[] = [];
        ours.onReadable = () => {
          for (let d = ours.recv(); d !== null; d = ours.recv()) got.push([d.from.port, [...d.data]]);
        };
        expect(ours.send(server.local!, Uint8Array.of(1), 0, 0)).toBeNull();
        expect(got).toEqual([]);
        expect(await f.run(() => got.length > 0)).toBe(true);
        expect(got).toEqual([[stranger.local!.port, [42]]]);
      },
    );

    itIf(
      'UDP too large: EMSGSIZE, and the largest one goes through',
      (x) => x.sockets.caps.udp !== 'none',
      async () => {
        const ours = must(f.sockets.datagram(4));
        const server = must(f.peer.datagram(4, at(f.peerAddress, 0)));
        const error: SocketError | null = ours.send(server.local!, new Uint8Array(65_508), 0, 0);
        expect(error).toBe('EMSGSIZE');
        let length = 0;
        server.onReadable = () => (length = server.recv()?.data.length ?? 0);
        ours.send(server.local!, Uint8Array.of(1), 0, 0);
        await f.run(() => length === 1);
        expect(ours.send(server.local!, new Uint8Array(65_507), 0, 0)).toBeNull();
        expect(await f.run(() => length === 65_507)).toBe(true);
      },
    );

    itIf(
      'UDP to a closed port: the error names the destination',
      (x) => x.sockets.caps.udpErrors,
      async () => {
        const gone = must(f.peer.datagram(4, at(f.peerAddress, 0)));
        const to = gone.local!;
        gone.dispose();
        const ours = must(f.sockets.datagram(4));
        const errors: unknown[] = [];
        ours.onError = (error, where) => errors.push([error, where]);
        ours.send(to, Uint8Array.of(1), 0, 0);
        expect(await f.run(() => errors.length > 0)).toBe(true);
        expect(errors).toEqual([['ECONNREFUSED', to]]);
      },
    );

    itIf(
      'ping: the reply carries sequence and data',
      (x) => x.sockets.caps.ping,
      async () => {
        const ping = must(f.sockets.ping(4));
        const replies: unknown[] = [];
        ping.onReply = (from, sequence, data) => replies.push([from, sequence, [...data]]);
        expect(ping.send(f.peerAddress, 5, Uint8Array.of(1, 2), 0)).toBeNull();
        expect(await f.run(() => replies.length > 0)).toBe(true);
        expect(replies).toEqual([[f.peerAddress, 5, [1, 2]]]);
      },
    );

    it('a taken port is refused with EADDRINUSE and free again after dispose', () => {
      const first = must(f.sockets.listen(at(f.address, 0), 1));
      expect(f.sockets.listen(first.local, 1)).toEqual({ ok: false, error: 'EADDRINUSE' });
      first.dispose();
      must(f.sockets.listen(first.local, 1)).dispose();
    });

    it('events never come from inside a method of the same object', async () => {
      const { ours, theirs } = await pair();
      let inside = false;
      let synchronous = 0;
      for (const w of [ours, theirs]) {
        const inner = w.stream.onEvent;
        w.stream.onEvent = (e) => {
          if (inside) synchronous++;
          inner(e);
        };
      }
      const guarded = (run: () => unknown): void => {
        inside = true;
        run();
        inside = false;
      };
      guarded(() => ours.stream.send(new Uint8Array(3000), 0, 3000));
      await f.settle();
      guarded(() => theirs.stream.recv(new Uint8Array(100), 0, 100));
      guarded(() => ours.stream.shutdownSend());
      guarded(() => theirs.stream.abort());
      guarded(() => ours.stream.close());
      guarded(() => ours.stream.close());
      await f.settle();
      expect(synchronous).toBe(0);
      expect(ours.has('closed') && theirs.has('closed')).toBe(true);
    });

    it('no event after closed, whatever is called; close and dispose may be repeated', async () => {
      const { ours, theirs } = await pair();
      ours.stream.close();
      theirs.stream.send(new Uint8Array(10), 0, 10);
      expect(await f.run(() => ours.has('closed'))).toBe(true);
      theirs.stream.send(new Uint8Array(10), 0, 10);
      ours.stream.abort();
      ours.stream.close();
      ours.stream.dispose();
      ours.stream.dispose();
      expect(ours.stream.send(new Uint8Array(1), 0, 1)).toBe(0);
      expect(ours.stream.recv(new Uint8Array(1), 0, 1)).toBe(0);
      await f.settle();
      expect(ours.events.at(-1)).toEqual({ type: 'closed' });
      expect(ours.events.filter((e) => e.type === 'closed').length).toBe(1);
    });

    itIf(
      'the ledger counts the bytes that were moved',
      (x) => x.sentBytes !== null,
      async () => {
        const { ours, theirs } = await pair();
        await sendAll(f, ours, bytes(123_456, 4));
        await f.run(() => theirs.got.length === 123_456);
        expect(f.sentBytes!()).toBe(123_456);
      },
    );

    it('dispose leaves no timer and no port', async () => {
      await pair();
      must(f.sockets.listen(at(f.address, 0), 1));
      must(f.sockets.datagram(4));
      await f.settle();
      f.sockets.dispose();
      f.sockets.dispose();
      await f.settle();
      expect(f.leftovers()).toEqual([]);
    });
  });
}
