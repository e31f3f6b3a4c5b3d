/**
 * TCP of a simulated kernel: the table of connections and listeners over the engine of tcp/, each segment written straight
 * into the frame that leaves. Follows RFC 9293 §3.10.7.1 and .2 (CLOSED and LISTEN), RFC 6056 (ports), RFC 6528.
 */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import { u16be, u32be } from '../base/bytes.ts';
import type { Nanos } from '../base/clock.ts';
import type { SocketError } from '../base/host-sockets.ts';
import { IPV4_DF, PROTO_TCP } from '../wire/ipv4.ts';
import { ACK_FLAG, RST, SYN, TCP_HEADER, TcpView } from '../wire/tcp.ts';
import type { NetDevice } from './device.ts';
import type { EventQueue, EventTarget } from './events.ts';
import type { IcmpError } from './icmp.ts';
import { ANY_ID, DEFAULT_TTL, L4_AT, LOOPBACK_MTU, type IpLayer, type IpPacket, type Path } from './ip.ts';
import type { TcpConfig } from './tcp/config.ts';
import {
  EV_CONNECTED,
  EV_READABLE,
  EV_REFUSED,
  EV_RESET,
  EV_UNREACHABLE,
  TcpConnection,
  type TcpTuple,
} from './tcp/connection.ts';
import { isn, tupleHash, type HashSecret } from './tcp/isn.ts';
import { resetFor } from './tcp/reset.ts';
import type { TcbState } from './tcp/tcb.ts';

/** Linux's ip_local_port_range; connections take the even ones. */
const FIRST_PORT = 32768;
const EVEN_PORTS = 14_116;
const MAX_CONNECTIONS = 16_384;
const HEADERS = 40;

export class TcpSocket {
  readonly conn: TcpConnection;
  readonly path: Path;
  /** The listener it came from, until its handshake is done. */
  listener: TcpListener | null;
  /** What happened and was not yet delivered (EV_ bits). */
  bits = 0;
  /** Who is told; `null`: orphaned. */
  user: EventTarget | null = null;
  ipId: number;
  /** Waits for its device to take frames. */
  blocked = false;
  acked = 0;
  /** Where the last ICMP error about it came from. */
  icmpFrom: Ipv4Addr = IPV4_ANY;

  constructor(conn: TcpConnection, path: Path, listener: TcpListener | null, ipId: number) {
    this.conn = conn;
    this.path = path;
    this.listener = listener;
    this.ipId = ipId;
  }
}

export class TcpListener {
  readonly address: Ipv4Addr;
  readonly port: number;
  readonly backlog: number;
  /** Connections of this listener that nobody has accepted. */
  pending = 0;
  /** A connection whose handshake is done; sets `socket.user`. */
  readonly accepted: (socket: TcpSocket) => void;

  constructor(address: Ipv4Addr, port: number, backlog: number, accepted: (socket: TcpSocket) => void) {
    this.address = address;
    this.port = port;
    this.backlog = backlog;
    this.accepted = accepted;
  }
}

export class TcpLayer {
  readonly #ip: IpLayer;
  readonly #events: EventQueue;
  readonly #config: TcpConfig;
  readonly #configs = new Map<number, TcpConfig>();
  readonly #secret: HashSecret;
  readonly #table = new Map<number, TcpSocket[]>();
  readonly #sockets = new Set<TcpSocket>();
  readonly #listeners = new Map<number, TcpListener[]>();
  readonly #blocked = new Map<NetDevice, TcpSocket[]>();
  #perturbation: number;
  #earliest: Nanos = Infinity;

  constructor(ip: IpLayer, events: EventQueue, config: TcpConfig) {
    this.#ip = ip;
    this.#events = events;
    this.#config = config;
    const r = ip.env.random;
    this.#secret = [r.u32(), r.u32(), r.u32(), r.u32()];
    this.#perturbation = r.below(EVEN_PORTS);
  }

  get sockets(): ReadonlySet<TcpSocket> {
    return this.#sockets;
  }

  get listening(): TcpListener[] {
    return [...this.#listeners.values()].flat();
  }

  connect(dst: Ipv4Addr, port: number, bound: Ipv4Addr): TcpSocket | SocketError {
    if (bound !== IPV4_ANY && !this.#ip.isLocal(bound)) return 'EADDRNOTAVAIL';
    const path = this.#ip.path(dst, bound);
    if (path === null) {
      this.#ip.counters.IpOutNoRoutes++;
      return 'ENETUNREACH';
    }
    if (this.#sockets.size >= MAX_CONNECTIONS) return 'EMFILE';
    const to = path.device === null ? path.nextHop : dst;
    const tuple = this.#freeTuple(path.src, to, port);
    if (tuple === null) return 'EADDRNOTAVAIL';
    const now = this.#ip.env.clock.now();
    const conn = TcpConnection.open(this.#configFor(path), tuple, isn(this.#secret, tuple, now), now);
    this.#ip.counters.TcpActiveOpens++;
    const socket = this.#add(conn, path, null);
    this.flush(socket);
    return socket;
  }

  listen(
    address: Ipv4Addr,
    port: number,
    backlog: number,
    accepted: (s: TcpSocket) => void,
  ): TcpListener | SocketError {
    if (address !== IPV4_ANY && !this.#ip.isLocal(address)) return 'EADDRNOTAVAIL';
    const chosen = port === 0 ? this.#freeListenPort() : port;
    const others = this.#listeners.get(chosen) ?? [];
    if (
      chosen === 0 ||
      others.some((l) => l.address === IPV4_ANY || address === IPV4_ANY || l.address === address)
    )
      return 'EADDRINUSE';
    const listener = new TcpListener(address, chosen, Math.max(1, backlog), accepted);
    this.#listeners.set(chosen, [...others, listener]);
    return listener;
  }

  /** Connections whose handshake is under way are reset. */
  unlisten(listener: TcpListener): void {
    const rest = (this.#listeners.get(listener.port) ?? []).filter((l) => l !== listener);
    if (rest.length > 0) this.#listeners.set(listener.port, rest);
    else this.#listeners.delete(listener.port);
    for (const s of [...this.#sockets]) {
      if (s.listener !== listener) continue;
      s.conn.abort();
      this.flush(s);
    }
  }

  arrives(p: IpPacket): void {
    const { counters: c, env } = this.#ip;
    c.TcpInSegs++;
    const seg = new TcpView(p.bytes, p.start, p.end);
    const fault = seg.fault(p.src, p.dst);
    if (fault !== undefined && !(fault === 'bad-checksum' && p.csumPartial)) {
      c.TcpInErrs++;
      if (fault === 'bad-checksum') c.TcpInCsumErrors++;
      return;
    }
    if (p.broadcast) return;
    if (env.ledger.enabled) {
      env.ledger.count('summedBytes', p.csumPartial ? 0 : p.end - p.start);
      if (seg.payloadLength > 0) env.ledger.count('copies', 1);
      env.ledger.count('copiedBytes', seg.payloadLength);
    }
    let socket = this.#find(p.dst, seg.dstPort, p.src, seg.srcPort);
    if (socket !== undefined && socket.conn.allowsReopen(seg)) {
      this.#remove(socket);
      socket = undefined;
    }
    if (socket === undefined) this.#noConnection(p, seg);
    else this.#segment(socket, seg);
  }

  #segment(s: TcpSocket, seg: TcpView): void {
    const { conn } = s;
    conn.segmentArrives(seg, this.#ip.env.clock.now());
    if (s.path.device !== null && conn.counters.bytesAcked !== s.acked) {
      s.acked = conn.counters.bytesAcked;
      this.#ip.neighbours.confirm(s.path.nextHop, this.#ip.env.clock.now());
    }
    this.flush(s);
  }

  /** Sends what the connection has to send, as far as its device takes it, and notes what happened. */
  flush(s: TcpSocket): void {
    const { env, frame, counters } = this.#ip;
    const { ledger } = env;
    const now = env.clock.now();
    const retransmitted = s.conn.counters.retransSegs;
    let started = false;
    while (this.#mayTransmit(s)) {
      const passive = s.conn.state === 'SYN-RECEIVED';
      const length = s.conn.nextSegment(frame, L4_AT, now);
      if (length === 0) break;
      counters.TcpOutSegs++;
      if (frame[L4_AT + 13]! & RST) counters.TcpOutRsts++;
      if (ledger.enabled) {
        if (!started) ledger.enter('h.s3', 0);
        started = true;
        ledger.enter('h.s4', 0);
        ledger.count('summedBytes', length);
        const data = length - ((frame[L4_AT + 12]! >>> 4) << 2);
        if (data > 0) ledger.count('copies', 1);
        ledger.count('copiedBytes', data);
        ledger.leave('passed');
      }
      // A SYN-ACK has no socket of its own yet, hence identification 0 (RFC 6864 §4.1: atomic datagrams).
      const id = passive && frame[L4_AT + 13]! & SYN ? 0 : s.ipId++ & 0xffff;
      this.#ip.output(
        s.path,
        PROTO_TCP,
        s.conn.tuple.remoteAddr,
        L4_AT + length,
        DEFAULT_TTL,
        0,
        IPV4_DF,
        id,
      );
    }
    if (started) ledger.leave('passed');
    counters.TcpRetransSegs += s.conn.counters.retransSegs - retransmitted;
    this.#settle(s);
  }

  /** The smallest deadline, or a little less. */
  get deadline(): Nanos {
    return this.#earliest;
  }

  timeout(now: Nanos): void {
    if (now < this.#earliest) return;
    this.#earliest = Infinity;
    for (const s of [...this.#sockets]) {
      const at = s.conn.deadline();
      if (at > now) {
        if (at < this.#earliest) this.#earliest = at;
        continue;
      }
      s.conn.timeout(now);
      this.flush(s);
    }
  }

  deviceReady(device: NetDevice): void {
    const waiting = this.#blocked.get(device);
    if (waiting === undefined) return;
    this.#blocked.delete(device);
    for (const s of waiting) {
      s.blocked = false;
      this.flush(s);
    }
  }

  /** An ICMP error about a segment of ours. */
  error(e: IcmpError): void {
    const s = this.#find(e.src, u16be(e.bytes, e.at), e.dst, u16be(e.bytes, e.at + 2));
    if (s === undefined) return;
    s.icmpFrom = e.from;
    const seq = u32be(e.bytes, e.at + 4);
    if (e.type === 3 && e.code === 4) s.conn.pathMtu(e.mtu, seq);
    else s.conn.icmpError(e.type, e.code, seq);
    this.flush(s);
  }

  save(): TcbState[] {
    return [...this.#sockets].map((s) => s.conn.save());
  }

  /** Resets every connection and forgets all listeners. */
  dispose(): void {
    for (const s of [...this.#sockets]) {
      s.user = null;
      s.conn.abort();
      this.flush(s);
      this.#remove(s);
    }
    this.#listeners.clear();
    this.#blocked.clear();
    this.#earliest = Infinity;
  }

  #mayTransmit(s: TcpSocket): boolean {
    const { device } = s.path;
    if (device === null || device.ready()) return true;
    if (!s.blocked) {
      s.blocked = true;
      const waiting = this.#blocked.get(device);
      if (waiting === undefined) this.#blocked.set(device, [s]);
      else waiting.push(s);
    }
    return false;
  }

  #settle(s: TcpSocket): void {
    const bits = s.conn.takeEvents();
    if (bits !== 0) {
      s.bits |= bits;
      if (bits & (EV_REFUSED | EV_UNREACHABLE)) this.#ip.counters.TcpAttemptFails++;
      if (bits & EV_RESET) this.#ip.counters.TcpEstabResets++;
      if (s.listener !== null && bits & EV_CONNECTED) this.#accepted(s, s.listener);
      if (s.user !== null) {
        this.#events.push(s.user);
        const { ledger } = this.#ip.env;
        if (ledger.enabled && bits & EV_READABLE) {
          ledger.enter('h.r3n', 0);
          ledger.count('wakeups', 1);
          ledger.leave('passed');
        }
      }
    }
    if (s.conn.state === 'CLOSED') {
      this.#remove(s);
      return;
    }
    const at = s.conn.deadline();
    if (at < this.#earliest) {
      this.#earliest = at;
      this.#ip.env.wake(at);
    }
  }

  #accepted(s: TcpSocket, listener: TcpListener): void {
    s.listener = null;
    this.#ip.counters.TcpPassiveOpens++;
    listener.accepted(s);
  }

  #noConnection(p: IpPacket, seg: TcpView): void {
    const { env, frame, counters } = this.#ip;
    const listener = this.#listenerFor(p.dst, seg.dstPort);
    const path = this.#ip.path(p.src, p.dst);
    if (path === null) return;
    if (listener !== undefined && (seg.flags & (SYN | ACK_FLAG | RST)) === SYN) {
      if (listener.pending >= listener.backlog || this.#sockets.size >= MAX_CONNECTIONS) {
        counters.TcpExtListenOverflows++;
        return;
      }
      const tuple = { localAddr: p.dst, localPort: seg.dstPort, remoteAddr: p.src, remotePort: seg.srcPort };
      const now = env.clock.now();
      const conn = TcpConnection.accept(
        this.#configFor(path),
        tuple,
        isn(this.#secret, tuple, now),
        seg,
        now,
      );
      listener.pending++;
      this.flush(this.#add(conn, path, listener));
      return;
    }
    const length = resetFor(seg, p.src, p.dst, frame, L4_AT);
    if (length === 0) return;
    counters.TcpOutSegs++;
    counters.TcpOutRsts++;
    if (env.ledger.enabled) env.ledger.count('summedBytes', TCP_HEADER);
    this.#ip.output(
      path,
      PROTO_TCP,
      p.src,
      L4_AT + length,
      DEFAULT_TTL,
      0,
      IPV4_DF,
      path.device === null ? ANY_ID : 0,
    );
  }

  #listenerFor(address: Ipv4Addr, port: number): TcpListener | undefined {
    const all = this.#listeners.get(port);
    return all?.find((l) => l.address === address) ?? all?.find((l) => l.address === IPV4_ANY);
  }

  #add(conn: TcpConnection, path: Path, listener: TcpListener | null): TcpSocket {
    const socket = new TcpSocket(conn, path, listener, this.#ip.env.random.below(0x10000));
    const key = keyOf(conn.tuple);
    const chain = this.#table.get(key);
    if (chain === undefined) this.#table.set(key, [socket]);
    else chain.push(socket);
    this.#sockets.add(socket);
    return socket;
  }

  #remove(s: TcpSocket): void {
    if (!this.#sockets.delete(s)) return;
    if (s.listener !== null) {
      s.listener.pending--;
      s.listener = null;
    }
    const key = keyOf(s.conn.tuple);
    const rest = (this.#table.get(key) ?? []).filter((o) => o !== s);
    if (rest.length > 0) this.#table.set(key, rest);
    else this.#table.delete(key);
  }

  #find(
    localAddr: Ipv4Addr,
    localPort: number,
    remoteAddr: Ipv4Addr,
    remotePort: number,
  ): TcpSocket | undefined {
    const chain = this.#table.get(keyFrom(localPort, remoteAddr, remotePort));
    if (chain === undefined) return undefined;
    for (const s of chain) {
      const t = s.conn.tuple;
      if (
        t.localAddr === localAddr &&
        t.localPort === localPort &&
        t.remoteAddr === remoteAddr &&
        t.remotePort === remotePort
      )
        return s;
    }
    return undefined;
  }

  /** RFC 6056 algorithm 4 in Linux's form: an offset by hash of the destination, even ports, then on by steps. */
  #freeTuple(localAddr: Ipv4Addr, remoteAddr: Ipv4Addr, remotePort: number): TcpTuple | null {
    const base =
      tupleHash(this.#secret, { localAddr, localPort: 0, remoteAddr, remotePort }, 1) + this.#perturbation;
    for (let i = 0; i < EVEN_PORTS; i++) {
      const localPort = FIRST_PORT + 2 * ((base + i) % EVEN_PORTS);
      if (this.#listeners.has(localPort) || this.#find(localAddr, localPort, remoteAddr, remotePort))
        continue;
      this.#perturbation += i + 1 + this.#ip.env.random.below(4);
      return { localAddr, localPort, remoteAddr, remotePort };
    }
    return null;
  }

  #freeListenPort(): number {
    const start = this.#ip.env.random.below(EVEN_PORTS);
    for (let i = 0; i < EVEN_PORTS; i++) {
      const port = FIRST_PORT + 1 + 2 * ((start + i) % EVEN_PORTS);
      if (!this.#listeners.has(port)) return port;
    }
    return 0;
  }

  #configFor(path: Path): TcpConfig {
    const mss = (path.device?.mtu ?? LOOPBACK_MTU) - HEADERS;
    if (mss === this.#config.mss) return this.#config;
    let config = this.#configs.get(mss);
    if (config === undefined) {
      const initialReceiveWindow = Math.max(this.#config.initialReceiveWindow, mss);
      config = { ...this.#config, mss, initialReceiveWindow };
      this.#configs.set(mss, config);
    }
    return config;
  }
}

const keyFrom = (localPort: number, remoteAddr: Ipv4Addr, remotePort: number): number =>
  (localPort * 65536 + remotePort) * 0x10_0000 + ((remoteAddr ^ (remoteAddr >>> 20)) & 0xf_ffff);
const keyOf = (t: TcpTuple): number => keyFrom(t.localPort, t.remoteAddr, t.remotePort);
