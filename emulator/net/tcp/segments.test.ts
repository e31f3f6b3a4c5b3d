import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { ACK_FLAG, FIN, parseTcpOptions, PSH, RST, SYN, TcpView } from '../../wire/tcp.ts';
import { LINUX_TCP, SLIRP_TCP } from './config.ts';
import {
  EV_CLOSED,
  EV_CONNECTED,
  EV_READABLE,
  EV_REFUSED,
  EV_RESET,
  EV_TIMEOUT,
  EV_UNREACHABLE,
  EV_WRITABLE,
  TcpConnection,
} from './connection.ts';
import { resetFor } from './reset.ts';
import { A, B, pattern, TUPLE } from './testing/pair.ts';
import { IRS, ISS, peerSegment, Script } from './testing/script.ts';

const data = (n: number): Uint8Array => pattern(n, 42);

describe('opening', () => {
  it('sends a SYN with the options and window of Linux', () => {
    const [syn] = Script.open().segments();
    expect(syn!.headerLength).toBe(40);
    expect(syn!.window).toBe(64240);
    const o = parseTcpOptions(syn!);
    expect([o.mss, o.windowScale, o.sackPermitted, o.timestamps?.echo]).toEqual([1460, 7, true, 0]);
  });

  it('sends MSS only with the NAT profile, whatever the peer offers', () => {
    const offer = { mss: 1460, windowScale: 7, sackPermitted: true, timestamps: { value: 1, echo: 0 } };
    const syn = peerSegment({ seq: 1, flags: SYN, options: offer });
    const s = new Script(TcpConnection.accept(SLIRP_TCP, TUPLE, ISS, syn, 1e9));
    const [reply] = s.segments();
    expect(reply!.headerLength).toBe(24);
    expect(reply!.flags).toBe(SYN | ACK_FLAG);
    expect(reply!.window).toBe(65535);
  });

  it('repeats a SYN to nobody after 1, 3, 7, … s and gives up', () => {
    const s = Script.open({ synRetries: 3 });
    expect(s.out()).toEqual(['SYN 1000 0 0']);
    expect(s.until(60e9)).toEqual(['1000 SYN 1000 0 0', '3000 SYN 1000 0 0', '7000 SYN 1000 0 0']);
    expect(s.c.state).toBe('CLOSED');
    expect(s.c.takeEvents()).toBe(EV_TIMEOUT | EV_CLOSED);
    expect(s.c.deadline()).toBe(Infinity);
  });

  it('is refused by RST,ACK in SYN-SENT and by nothing less', () => {
    const s = Script.open();
    s.out();
    s.in({ seq: 0, ack: ISS + 99, flags: RST | ACK_FLAG });
    s.in({ seq: 0, flags: RST });
    expect(s.c.state).toBe('SYN-SENT');
    s.in({ seq: 0, ack: ISS + 1, flags: RST | ACK_FLAG });
    expect(s.c.takeEvents()).toBe(EV_REFUSED | EV_CLOSED);
    expect(s.out()).toEqual([]);
  });

  it('answers a wrong ACK in SYN-SENT with a reset and stays', () => {
    const s = Script.open();
    s.out();
    s.in({ seq: IRS, ack: ISS + 77, flags: SYN | ACK_FLAG });
    expect(s.out()).toEqual([`RST ${ISS + 77} 0 0`]);
    expect(s.c.state).toBe('SYN-SENT');
  });

  it('opens simultaneously through SYN-RECEIVED', () => {
    const s = Script.open();
    s.out();
    s.in({ seq: IRS, flags: SYN });
    expect(s.c.state).toBe('SYN-RECEIVED');
    expect(s.out()).toEqual([`SYN,ACK ${ISS} ${IRS + 1} 0`]);
    s.in({ seq: IRS, ack: ISS + 1, flags: SYN | ACK_FLAG });
    expect(s.c.state).toBe('ESTABLISHED');
    expect(s.c.takeEvents() & EV_CONNECTED).not.toBe(0);
  });

  it('repeats the SYN-ACK when the SYN comes again, and closes on its reset', () => {
    const syn = peerSegment({ seq: IRS, flags: SYN });
    const s = new Script(TcpConnection.accept(LINUX_TCP, TUPLE, ISS, syn, 1e9));
    expect(s.out()).toEqual([`SYN,ACK ${ISS} ${IRS + 1} 0`]);
    s.in({ seq: IRS, flags: SYN });
    expect(s.out()).toEqual([`SYN,ACK ${ISS} ${IRS + 1} 0`]);
    s.in({ seq: IRS + 1, flags: RST });
    expect(s.c.state).toBe('CLOSED');
  });

  it('takes data that comes with the ACK of the handshake', () => {
    const s = new Script(
      TcpConnection.accept(LINUX_TCP, TUPLE, ISS, peerSegment({ seq: IRS, flags: SYN }), 1e9),
    );
    s.out();
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(10) });
    expect(s.c.takeEvents()).toBe(EV_CONNECTED | EV_READABLE);
    expect(s.c.available).toBe(10);
  });

  it('fails with the ICMP error that concerns its SYN, not with others', () => {
    const s = Script.open();
    s.out();
    s.c.icmpError(3, 1, ISS + 5);
    expect(s.c.state).toBe('SYN-SENT');
    s.c.icmpError(3, 1, ISS);
    expect(s.c.takeEvents()).toBe(EV_UNREACHABLE | EV_CLOSED);
    expect(s.c.icmp).toEqual({ type: 3, code: 1 });
  });
});

describe('sending', () => {
  it('honours the MSS of the peer, unless told not to', () => {
    const small = Script.established({}, 65535, 100);
    small.c.write(data(1000), 0, 1000);
    expect(small.segments()[0]!.payloadLength).toBe(100);
    const deaf = Script.established({ honourPeerMss: false }, 65535, 100);
    deaf.c.write(data(3000), 0, 3000);
    expect(deaf.segments()[0]!.payloadLength).toBe(1460);
  });

  it('sends ten segments first, then two for each one acknowledged', () => {
    const s = Script.established();
    s.c.write(data(80_000), 0, 80_000);
    expect(s.out().length).toBe(10);
    s.in({ seq: IRS + 1, ack: ISS + 1 + 2 * 1460, flags: ACK_FLAG });
    expect(s.out().length).toBe(4);
  });

  it('does not let an unused congestion window grow', () => {
    const s = Script.established({ nagle: false });
    for (let i = 0, seq = ISS + 1; i < 100; i++) {
      s.c.write(data(1000), 0, 1000);
      s.out();
      seq += 1000;
      s.in({ seq: IRS + 1, ack: seq, flags: ACK_FLAG });
    }
    expect(s.c.info().cwnd).toBe(14600);
  });

  it('holds a small segment back while another is unacknowledged (Nagle)', () => {
    const s = Script.established();
    s.c.write(data(10), 0, 10);
    expect(s.out()).toEqual([`PSH,ACK ${ISS + 1} ${IRS + 1} 10`]);
    s.c.write(data(10), 0, 10);
    expect(s.out()).toEqual([]);
    s.in({ seq: IRS + 1, ack: ISS + 11, flags: ACK_FLAG });
    expect(s.out()).toEqual([`PSH,ACK ${ISS + 11} ${IRS + 1} 10`]);
    const quick = Script.established({ nagle: false });
    quick.c.write(data(10), 0, 10);
    quick.out();
    quick.c.write(data(10), 0, 10);
    expect(quick.out().length).toBe(1);
  });

  it('doubles the timeout at each retransmission and gives up', () => {
    const s = Script.established({ retries: 4 });
    s.c.write(data(10), 0, 10);
    s.out();
    const times = s.until(60e9).map((line) => Number(line.split(' ')[0]));
    expect(times).toEqual([200, 600, 1400, 3000]);
    expect(s.c.takeEvents() & (EV_TIMEOUT | EV_CLOSED)).toBe(EV_TIMEOUT | EV_CLOSED);
  });

  it('retransmits one segment at once at the third duplicate ACK', () => {
    const s = Script.established();
    s.c.write(data(14600), 0, 14600);
    s.out();
    for (let i = 0; i < 2; i++) s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG });
    expect(s.out()).toEqual([]);
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 1} 1460`]);
    expect(s.c.info()).toMatchObject({ phase: 'recovery', ssthresh: 7300 });
    // A partial ACK retransmits the next hole, the full one ends recovery with the halved window.
    s.in({ seq: IRS + 1, ack: ISS + 1 + 1460, flags: ACK_FLAG });
    expect(s.out()).toEqual([`ACK ${ISS + 1461} ${IRS + 1} 1460`]);
    s.in({ seq: IRS + 1, ack: ISS + 1 + 14600, flags: ACK_FLAG });
    expect(s.c.info().phase).toBe('open');
    expect(s.c.info().cwnd).toBeLessThanOrEqual(7300);
  });

  it('fills the holes that SACK shows, each once', () => {
    const s = Script.open({ timestamps: false, windowScaling: false });
    s.out();
    s.in({ seq: IRS, ack: ISS + 1, flags: SYN | ACK_FLAG, options: { mss: 1000, sackPermitted: true } });
    s.out();
    s.c.write(data(10_000), 0, 10_000);
    expect(s.out().length).toBe(10);
    const at = (i: number): number => ISS + 1 + 1000 * i;
    s.in({ seq: IRS + 1, ack: at(0), flags: ACK_FLAG, options: { sack: [at(1), at(2)] } });
    s.in({ seq: IRS + 1, ack: at(0), flags: ACK_FLAG, options: { sack: [at(1), at(3)] } });
    expect(s.out()).toEqual([]);
    s.in({ seq: IRS + 1, ack: at(0), flags: ACK_FLAG, options: { sack: [at(4), at(9), at(1), at(3)] } });
    expect(s.out().map((l) => l.split(' ')[1])).toEqual([String(at(0)), String(at(3))]);
    s.in({ seq: IRS + 1, ack: at(9), flags: ACK_FLAG });
    expect(s.out()).toEqual([]);
    s.in({ seq: IRS + 1, ack: at(10), flags: ACK_FLAG });
    expect(s.c.info().phase).toBe('open');
    expect(s.until(s.now + 60e9)).toEqual([]);
  });

  it('probes a closed window with one byte at growing intervals and goes on when it opens', () => {
    const s = Script.established();
    s.c.write(data(100), 0, 100);
    s.out();
    s.in({ seq: IRS + 1, ack: ISS + 101, flags: ACK_FLAG, window: 0 });
    s.c.write(data(50), 0, 50);
    expect(s.out()).toEqual([]);
    const probes = s.until(s.now + 2e9);
    expect(probes.length).toBe(3);
    expect(probes[0]).toContain(`ACK ${ISS + 101} ${IRS + 1} 1`);
    s.in({ seq: IRS + 1, ack: ISS + 101, flags: ACK_FLAG, window: 5000 });
    expect(s.out()).toEqual([`PSH,ACK ${ISS + 101} ${IRS + 1} 50`]);
  });

  it('reports room only after a write was cut short', () => {
    const s = Script.established({ sendBuffer: 4000, initialSendBuffer: 4000 });
    expect(s.c.write(data(5000), 0, 5000)).toBe(4000);
    s.out();
    s.in({ seq: IRS + 1, ack: ISS + 1 + 1460, flags: ACK_FLAG });
    expect(s.c.takeEvents() & EV_WRITABLE).not.toBe(0);
    s.in({ seq: IRS + 1, ack: ISS + 1 + 2920, flags: ACK_FLAG });
    expect(s.c.takeEvents() & EV_WRITABLE).toBe(0);
  });

  it('makes segments smaller when the path says so', () => {
    const s = Script.established();
    s.c.write(data(2920), 0, 2920);
    s.out();
    s.c.pathMtu(576, ISS + 1);
    expect(s.segments()[0]!.payloadLength).toBe(536);
  });
});

describe('receiving', () => {
  it('acknowledges at once with ackEvery 1, and every second full segment or after the delay with 2', () => {
    const each = Script.established({ ackEvery: 1 });
    each.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(10) });
    expect(each.out().length).toBe(1);
    const s = Script.established();
    let seq = IRS + 1;
    const receive = (n: number): void => {
      s.in({ seq, ack: ISS + 1, flags: ACK_FLAG, data: data(n) });
      seq += n;
    };
    for (let i = 0; i < 19; i++) {
      receive(1460);
      s.out();
    }
    // The sixteen quick ACKs of the start are used up, one of them by the handshake.
    receive(1460);
    expect(s.out()).toEqual([]);
    receive(1460);
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${seq} 0`]);
    receive(10);
    expect(s.until(s.now + 1e9)).toEqual([`40 ACK ${ISS + 1} ${seq} 0`]);
  });

  it('keeps what comes out of order, tells it by SACK, and acknowledges all when the gap fills', () => {
    const s = Script.open();
    s.out();
    s.in({ seq: IRS, ack: ISS + 1, flags: SYN | ACK_FLAG, options: { mss: 1460, sackPermitted: true } });
    s.out();
    const bytes = data(300);
    s.in({ seq: IRS + 101, ack: ISS + 1, flags: ACK_FLAG, data: bytes.slice(100, 200) });
    expect(parseTcpOptions(s.segments()[0]!).sack).toEqual([IRS + 101, IRS + 201]);
    s.in({ seq: IRS + 251, ack: ISS + 1, flags: ACK_FLAG, data: bytes.slice(250, 300) });
    expect(parseTcpOptions(s.segments()[0]!).sack).toEqual([IRS + 251, IRS + 301, IRS + 101, IRS + 201]);
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: bytes.slice(0, 100) });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 201} 0`]);
    s.in({ seq: IRS + 151, ack: ISS + 1, flags: ACK_FLAG, data: bytes.slice(150, 260) });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 301} 0`]);
    const got = new Uint8Array(300);
    expect(s.c.read(got, 0, 300)).toBe(300);
    expect(got).toEqual(bytes);
  });

  it('holds a FIN that comes ahead of its data', () => {
    const s = Script.established();
    s.in({ seq: IRS + 11, ack: ISS + 1, flags: FIN | ACK_FLAG });
    expect(s.c.peerFinished).toBe(false);
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(10) });
    expect(s.c.peerFinished).toBe(true);
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 12} 0`]);
  });

  it('answers old data and keep-alive probes with an ACK', () => {
    const s = Script.established();
    s.in({ seq: IRS, ack: ISS + 1, flags: ACK_FLAG });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 1} 0`]);
    s.in({ seq: IRS, ack: ISS + 1, flags: ACK_FLAG, data: data(1) });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 1} 0`]);
  });

  it('trims what lies beyond the window', () => {
    const s = Script.established({ receiveBuffer: 1000, initialReceiveWindow: 1000, windowScaling: false });
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG | PSH, data: data(1400) });
    expect(s.c.available).toBe(1000);
    const [ack] = s.segments();
    expect([ack!.ack, ack!.window]).toEqual([IRS + 1001, 0]);
  });

  it('announces the window again when the reader has made room', () => {
    const s = Script.established({ receiveBuffer: 4000, initialReceiveWindow: 4000, windowScaling: false });
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(4000) });
    s.out();
    expect(s.c.read(new Uint8Array(100), 0, 100)).toBe(100);
    expect(s.out()).toEqual([]);
    s.c.read(new Uint8Array(4000), 0, 4000);
    expect(s.segments()[0]!.window).toBe(4000);
  });

  it('rejects a segment older than the last time stamp', () => {
    const s = Script.open();
    s.out();
    const ts = (value: number): { timestamps: { value: number; echo: number } } => ({
      timestamps: { value, echo: 0 },
    });
    s.in({ seq: IRS, ack: ISS + 1, flags: SYN | ACK_FLAG, options: { mss: 1460, ...ts(100) } });
    s.out();
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(10), options: ts(99) });
    expect(s.c.available).toBe(0);
    expect(s.out().length).toBe(1);
    s.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(10), options: ts(100) });
    expect(s.c.available).toBe(10);
  });
});

describe('resets and challenges', () => {
  it('reset by a RST at exactly RCV.NXT', () => {
    const s = Script.established();
    s.in({ seq: IRS + 1, flags: RST });
    expect(s.c.state).toBe('CLOSED');
    expect(s.c.takeEvents()).toBe(EV_RESET | EV_CLOSED);
  });

  it('challenge a RST elsewhere in the window, ignore one outside', () => {
    const s = Script.established();
    s.in({ seq: IRS + 500, flags: RST });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 1} 0`]);
    s.in({ seq: IRS - 500, flags: RST });
    s.in({ seq: IRS + 1_000_000, flags: RST });
    expect(s.out()).toEqual([]);
    expect(s.c.state).toBe('ESTABLISHED');
  });

  it('challenge a SYN, at most ten times in five seconds', () => {
    const s = Script.established();
    let answers = 0;
    for (let i = 0; i < 50; i++) {
      s.in({ seq: IRS + 100, flags: SYN });
      answers += s.out().length;
    }
    expect(answers).toBe(10);
    expect(s.c.state).toBe('ESTABLISHED');
  });

  it('drop an ACK of what was never sent, with an ACK', () => {
    const s = Script.established();
    s.in({ seq: IRS + 1, ack: ISS + 999, flags: ACK_FLAG, data: data(5) });
    expect(s.out()).toEqual([`ACK ${ISS + 1} ${IRS + 1} 0`]);
    expect(s.c.available).toBe(0);
  });

  it('abort sends RST,ACK and closes', () => {
    const s = Script.established();
    s.c.abort();
    expect(s.out()).toEqual([`RST,ACK ${ISS + 1} ${IRS + 1} 0`]);
    expect(s.c.takeEvents()).toBe(EV_CLOSED);
  });

  it('close with unread data resets; close without sends FIN and resets what comes later', () => {
    const unread = Script.established();
    unread.in({ seq: IRS + 1, ack: ISS + 1, flags: ACK_FLAG, data: data(5) });
    unread.out();
    unread.c.close();
    expect(unread.out()).toEqual([`RST,ACK ${ISS + 1} ${IRS + 6} 0`]);
    const s = Script.established();
    s.c.close();
    expect(s.out()).toEqual([`FIN,ACK ${ISS + 1} ${IRS + 1} 0`]);
    s.in({ seq: IRS + 1, ack: ISS + 2, flags: ACK_FLAG, data: data(5) });
    expect(s.out()[0]).toMatch(/^RST,ACK/);
    expect(s.c.state).toBe('CLOSED');
  });

  it('end FIN-WAIT-2 by itself once closed, never while only half-closed', () => {
    const closed = Script.established();
    closed.c.close();
    closed.out();
    closed.in({ seq: IRS + 1, ack: ISS + 2, flags: ACK_FLAG });
    expect(closed.c.state).toBe('FIN-WAIT-2');
    closed.until(closed.now + 61e9);
    expect(closed.c.state).toBe('CLOSED');
    const half = Script.established();
    half.c.shutdown();
    half.out();
    half.in({ seq: IRS + 1, ack: ISS + 2, flags: ACK_FLAG });
    expect(half.c.deadline()).toBe(Infinity);
  });

  it('answer a segment for no connection as the standard says', () => {
    const out = new Uint8Array(60).fill(0xa5);
    const view = (): TcpView => new TcpView(out, 4, 24);
    expect(resetFor(peerSegment({ seq: 5, flags: SYN }), B, A, out, 4)).toBe(20);
    expect(view().fault(A, B)).toBeUndefined();
    expect([view().flags, view().seq, view().ack, view().window]).toEqual([RST | ACK_FLAG, 0, 6, 0]);
    resetFor(peerSegment({ seq: 5, ack: 77, flags: ACK_FLAG, data: data(9) }), B, A, out, 4);
    expect([view().flags, view().seq, view().ack]).toEqual([RST, 77, 0]);
    resetFor(peerSegment({ seq: 5, flags: FIN, data: data(9) }), B, A, out, 4);
    expect(view().ack).toBe(15);
    expect(resetFor(peerSegment({ seq: 5, flags: RST }), B, A, out, 4)).toBe(0);
  });
});

describe('state', () => {
  it('saved in the middle of everything and restored, sends the same from then on', () => {
    const s = Script.established();
    s.c.write(data(5000), 0, 5000);
    s.in({ seq: IRS + 101, ack: ISS + 1, flags: ACK_FLAG, data: data(50) });
    const twin = new Script(
      TcpConnection.restore(
        LINUX_TCP,
        deserialize(serialize(s.c.save())) as ReturnType<TcpConnection['save']>,
      ),
    );
    expect(twin.c.info()).toEqual(s.c.info());
    expect(twin.out()).toEqual(s.out());
    for (const x of [s, twin]) x.in({ seq: IRS + 1, ack: ISS + 1461, flags: ACK_FLAG, data: data(100) });
    expect(twin.out()).toEqual(s.out());
    expect(twin.c.available).toBe(150);
    expect(twin.until(20e9)).toEqual(s.until(20e9));
  });

  it('keeps the keep-alive: probes an idle peer and gives up after nine', () => {
    const s = Script.established({ keepAliveNs: 7200e9 });
    const lines = s.until(9000e9);
    expect(lines.length).toBe(9);
    expect(lines[0]).toBe(`7200000 ACK ${ISS} ${IRS + 1} 0`);
    expect(s.c.takeEvents() & EV_TIMEOUT).not.toBe(0);
  });
});
