/**
 * TCP from the guest: finds or makes the flow of a segment, refuses what cannot be, and keeps the limits. Connections toward the guest
 * (forwards) start here too.
 */
import { IPV4_ANY, type Ipv4Addr } from '../base/address.ts';
import { SECOND } from '../base/clock.ts';
import type { HostStream } from '../base/host-sockets.ts';
import type { Fate } from '../base/ledger.ts';
import type { Random } from '../base/random.ts';
import type { TcpConfig } from '../net/tcp/config.ts';
import { isn, type HashSecret } from '../net/tcp/isn.ts';
import { resetFor } from '../net/tcp/reset.ts';
import { IPV4_HEADER, PROTO_TCP, type Ipv4View } from '../wire/ipv4.ts';
import { seqAdd } from '../wire/seq.ts';
import { ACK_FLAG, FIN, putTcp, RST, SYN, TCP_HEADER, TcpView, URG } from '../wire/tcp.ts';
import { endpointKey, type HostForward } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import { PairMap } from './flow-table.ts';
import { plainHeader, TRANSPORT } from './ip-output.ts';
import { NO_FLOW } from './output-queue.ts';
import { TcpFlow, type TcpFlowState, type TcpOwner } from './tcp-flow.ts';
import { guestAddress, refusalOf, translate, type Refusal } from './translate.ts';

const SCRATCH = 65_536;
/** TTL of a reset about which no connection knows. */
const STRAY_RESET_TTL = 255;
const COUNTER_STEP = 64_000;
const COUNTER_PER_TICK = 62_500;
const TICK = SECOND / 2;
/** Ports tried for a forwarded connection whose own port is taken. */
const FIRST_EPHEMERAL = 49_152;
const PORT_TRIES = 64;

export interface TcpNatState {
  readonly secret: HashSecret;
  readonly opened: number;
  readonly flows: readonly TcpFlowState[];
}

export class TcpNat implements TcpOwner {
  readonly scratch = new Uint8Array(SCRATCH);
  readonly frame: Uint8Array;
  readonly config: TcpConfig;
  readonly #core: SlirpCore;
  /** By guest endpoint and remote endpoint as the guest knows it. */
  readonly #flows = new PairMap<TcpFlow>();
  #secret: HashSecret;
  #halfOpen = 0;
  #opened = 0;

  constructor(core: SlirpCore, random: Random) {
    this.#core = core;
    this.frame = new Uint8Array(core.output.frameLength(core.output.mtu));
    const { tcp } = core.config.profile;
    this.config = { ...tcp, mss: Math.min(tcp.mss, core.output.mtu - IPV4_HEADER - TCP_HEADER) };
    this.#secret = [random.u32(), random.u32(), random.u32(), random.u32()];
  }

  get flows(): Iterable<TcpFlow> {
    return this.#flows.values();
  }

  /** The segment in `ip`, whose header was checked. */
  receive(ip: Ipv4View): Fate {
    const { counters, ledger } = this.#core;
    const tcp = new TcpView(ip.bytes, ip.payload, ip.packetEnd);
    const fault = tcp.fault(ip.src, ip.dst);
    if (fault !== undefined) return dropped(counters, `tcp-${fault}`);
    if (ledger.enabled) ledger.count('summedBytes', tcp.end - tcp.at);
    if (ip.src === IPV4_ANY) return dropped(counters, 'martian-source');
    const flow = this.#flows.get(endpointKey(ip.src, tcp.srcPort), endpointKey(ip.dst, tcp.dstPort));
    if (flow !== undefined) {
      if (!flow.allowsReopen(tcp)) return flow.segment(tcp);
      this.remove(flow);
    }
    if ((tcp.flags & (SYN | ACK_FLAG | RST | FIN | URG)) === SYN) return this.#open(ip, tcp);
    return this.#stray(ip, tcp);
  }

  /** A connection accepted for `forward`: opens toward the guest, from the client's own address unless that is the host's loopback. */
  accept(stream: HostStream, forward: HostForward): void {
    const { config, counters, clock, sockets } = this.#core;
    const addr = sockets.caps.sourceAddress ? guestAddress(config, stream.remote.ip) : config.host;
    const guestKey = endpointKey(forward.guestAddr, forward.guestPort);
    const port = this.#freePort(guestKey, addr, stream.remote.port);
    if (port === null || this.#flows.size >= config.limits.tcpFlows) {
      counters.add('tcp-flow-limit');
      return stream.abort();
    }
    const guest = { addr: forward.guestAddr, port: forward.guestPort };
    const flow = new TcpFlow(this.#core, this, guest, { addr, port }, stream);
    this.#add(flow);
    counters.add('tcp-accepted');
    flow.openToGuest(clock.now());
  }

  /** RST+ACK with sequence number 0, as from a kernel with nobody at the port. */
  refuse(ip: Ipv4View, syn: TcpView): void {
    const { output, counters } = this.#core;
    const frame = output.frame(TCP_HEADER);
    putTcp(frame, TRANSPORT, TRANSPORT + TCP_HEADER, TCP_HEADER, ip.dst, ip.src, {
      srcPort: syn.dstPort,
      dstPort: syn.srcPort,
      seq: 0,
      ack: seqAdd(syn.seq, syn.payloadLength + 1),
      flags: RST | ACK_FLAG,
      window: 0xffff,
      urgent: 0,
    });
    counters.add('tcp-refused');
    output.push(NO_FLOW, plainHeader(PROTO_TCP, ip.dst, ip.src), frame, TCP_HEADER);
  }

  initialSequence(flow: TcpFlow): number {
    const now = this.#core.clock.now();
    this.#opened++;
    if (this.#core.config.profile.iss === 'counter')
      return seqAdd(1, this.#opened * COUNTER_STEP + Math.floor(now / TICK) * COUNTER_PER_TICK);
    const tuple = {
      localAddr: flow.remoteAddr,
      localPort: flow.remotePort,
      remoteAddr: flow.guestAddr,
      remotePort: flow.guestPort,
    };
    return isn(this.#secret, tuple, now);
  }

  settled(): void {
    this.#halfOpen--;
  }

  remove(flow: TcpFlow): void {
    this.#flows.delete(
      endpointKey(flow.guestAddr, flow.guestPort),
      endpointKey(flow.remoteAddr, flow.remotePort),
    );
    this.#core.forget(flow);
  }

  save(): TcpNatState {
    const flows = [...this.#flows.values()].map((f) => f.save()).filter((f) => f !== null);
    return { secret: this.#secret, opened: this.#opened, flows };
  }

  /** Guest legs come back to be reset: the host sockets they had are gone. */
  restore(state: TcpNatState): void {
    this.clear();
    this.#secret = state.secret;
    this.#opened = state.opened;
    for (const saved of state.flows) {
      const guest = { addr: saved.guestAddr, port: saved.guestPort };
      const remote = { addr: saved.remoteAddr, port: saved.remotePort };
      const flow = new TcpFlow(this.#core, this, guest, remote, null);
      this.#add(flow);
      flow.restoreAndReset(saved.conn);
    }
  }

  /** Ends all flows without a word to the guest. */
  clear(): void {
    for (const flow of [...this.#flows.values()]) this.remove(flow);
    this.#halfOpen = 0;
  }

  #open(ip: Ipv4View, tcp: TcpView): Fate {
    const { config, counters, clock, ledger, sockets, budget } = this.#core;
    const { limits } = config;
    const where = translate(config, sockets, 'tcp', ip.dst, tcp.dstPort);
    if (!where.ok) return this.#answer(ip, tcp, where);
    if (this.#flows.size >= limits.tcpFlows) {
      this.refuse(ip, tcp);
      return dropped(counters, 'tcp-flow-limit');
    }
    // The guest sends its SYN again: by then there may be room.
    if (this.#halfOpen >= limits.halfOpen) return dropped(counters, 'tcp-half-open-limit');
    if (!budget.take(clock.now())) return dropped(counters, 'socket-rate-limit');
    if (ledger.enabled) {
      ledger.enter('s.syn', this.#core.handling());
      ledger.count('syscalls', 2);
    }
    const made = sockets.connect(where.to);
    if (ledger.enabled) ledger.leave(made.ok ? 'ended' : 'dropped');
    if (!made.ok) return this.#answer(ip, tcp, refusalOf(made.error));
    const guest = { addr: ip.src, port: tcp.srcPort };
    const flow = new TcpFlow(this.#core, this, guest, { addr: ip.dst, port: tcp.dstPort }, made.value);
    this.#add(flow);
    this.#halfOpen++;
    counters.add('tcp-connects');
    flow.awaitConnect(ip);
    return 'ended';
  }

  #answer(ip: Ipv4View, tcp: TcpView, refusal: Refusal): Fate {
    if (refusal.reset) this.refuse(ip, tcp);
    else if (refusal.code !== null) this.#core.errors.unreachable(ip, refusal.code);
    return dropped(this.#core.counters, 'tcp-unreachable');
  }

  #stray(ip: Ipv4View, tcp: TcpView): Fate {
    const { output, counters } = this.#core;
    const frame = output.frame(TCP_HEADER);
    if (resetFor(tcp, ip.src, ip.dst, frame, TRANSPORT) > 0)
      output.push(
        NO_FLOW,
        { ...plainHeader(PROTO_TCP, ip.dst, ip.src), ttl: STRAY_RESET_TTL },
        frame,
        TCP_HEADER,
      );
    return dropped(counters, 'tcp-stray');
  }

  #add(flow: TcpFlow): void {
    this.#flows.set(
      endpointKey(flow.guestAddr, flow.guestPort),
      endpointKey(flow.remoteAddr, flow.remotePort),
      flow,
    );
    this.#core.register(flow);
  }

  /** The client's own port if the guest can tell it apart, else another; null: none found. */
  #freePort(guestKey: number, addr: Ipv4Addr, wished: number): number | null {
    if (wished > 0 && this.#flows.get(guestKey, endpointKey(addr, wished)) === undefined) return wished;
    for (let i = 0; i < PORT_TRIES; i++) {
      const port = FIRST_EPHEMERAL + ((this.#opened + i) % (0x1_0000 - FIRST_EPHEMERAL));
      if (this.#flows.get(guestKey, endpointKey(addr, port)) === undefined) return port;
    }
    return null;
  }
}
