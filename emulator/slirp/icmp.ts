/**
 * ICMP from the guest: echo requests to our own addresses are answered here, others go to the host's ping sockets. Other messages are ignored,
 * as in slirp: a guest cannot tell the NAT to end a flow. Leaves out slirp's fallbacks (raw sockets, UDP to port 7).
 */
import type { Nanos, Timer, TimerState } from '../base/clock.ts';
import type { Fate } from '../base/ledger.ts';
import { ICMP_ECHO_REQUEST, ICMP_HEADER, IcmpView, UNREACH_ADMIN } from '../wire/icmpv4.ts';
import { IPV4_HEADER, PROTO_ICMP, type Ipv4View } from '../wire/ipv4.ts';
import { UDP_IDLE_NS, endpointKey, isOwn } from './config.ts';
import { dropped, type SlirpCore } from './core.ts';
import { TRANSPORT } from './ip-output.ts';
import { NO_FLOW } from './output-queue.ts';
import { ECHO_TTL, PingFlow, putEcho } from './ping-flow.ts';
import { refusalOf, translate } from './translate.ts';

export class IcmpNat {
  readonly #core: SlirpCore;
  /** By guest address and echo identifier, longest idle first. */
  readonly #flows = new Map<number, PingFlow>();
  readonly #timer: Timer;

  constructor(core: SlirpCore) {
    this.#core = core;
    this.#timer = core.clock.timer(() => this.#expire());
  }

  get flows(): Iterable<PingFlow> {
    return this.#flows.values();
  }

  /** The ICMP message in `ip`, whose header was checked. */
  receive(ip: Ipv4View): Fate {
    const { config, counters } = this.#core;
    const icmp = new IcmpView(ip.bytes, ip.payload, ip.packetEnd);
    const fault = icmp.fault();
    if (fault !== undefined) return dropped(counters, `icmp-${fault}`);
    if (icmp.type !== ICMP_ECHO_REQUEST) return dropped(counters, 'icmp-ignored');
    if (isOwn(config, ip.dst)) return this.#echo(ip, icmp);
    return this.#forward(ip, icmp);
  }

  save(): TimerState {
    return this.#timer.save();
  }

  dispose(): void {
    this.#timer.dispose();
    this.clear();
  }

  /** Ends all flows. */
  clear(): void {
    for (const flow of this.#flows.values()) this.#core.forget(flow);
    this.#flows.clear();
  }

  /** "The echo reply returns everything it got"; like slirp, DF and TOS too. */
  #echo(ip: Ipv4View, icmp: IcmpView): Fate {
    const { output, ledger } = this.#core;
    const length = icmp.end - icmp.at;
    const header = {
      tos: ip.tos,
      ttl: ECHO_TTL,
      dontFragment: ip.dontFragment,
      protocol: PROTO_ICMP,
      src: ip.dst,
      dst: ip.src,
    };
    if (ledger.enabled) {
      ledger.count('copies', 1);
      ledger.count('copiedBytes', length);
      ledger.count('summedBytes', 2 * length);
    }
    // A request longer than the MTU came in fragments: so does its answer.
    if (IPV4_HEADER + length > output.mtu) {
      const whole = new Uint8Array(TRANSPORT + length);
      putEcho(whole, icmp);
      return output.send(NO_FLOW, header, whole, TRANSPORT, TRANSPORT + length) ? 'ended' : 'dropped';
    }
    const frame = output.frame(length);
    putEcho(frame, icmp);
    return output.push(NO_FLOW, header, frame, length) ? 'ended' : 'dropped';
  }

  #forward(ip: Ipv4View, icmp: IcmpView): Fate {
    const { config, counters, errors, sockets } = this.#core;
    const where = translate(config, sockets, 'icmp', ip.dst, 0);
    if (!where.ok) {
      if (where.code !== null) errors.unreachable(ip, where.code);
      return dropped(counters, 'ping-refused');
    }
    if (!sockets.caps.ping) {
      // A real network without ping sockets: better a prompt answer than silence.
      errors.unreachable(ip, UNREACH_ADMIN);
      return dropped(counters, 'ping-unavailable');
    }
    if (config.profile.pingTtl && ip.ttl <= 1) {
      errors.timeExceeded(ip);
      return dropped(counters, 'ttl-exceeded');
    }
    if (icmp.end - icmp.at > 65_535 - IPV4_HEADER - ICMP_HEADER) return dropped(counters, 'ping-too-big');
    const flow = this.#flow(ip, icmp.id);
    if (flow === null) return 'dropped';
    this.#limitOutstanding();
    flow.send(ip, icmp, where.to.ip, config.profile.pingTtl && sockets.caps.ttl ? ip.ttl - 1 : 0);
    return 'ended';
  }

  #flow(ip: Ipv4View, identifier: number): PingFlow | null {
    const { config, clock, counters, errors, sockets, budget } = this.#core;
    const key = endpointKey(ip.src, identifier);
    const known = this.#flows.get(key);
    if (known !== undefined) {
      this.#flows.delete(key);
      this.#flows.set(key, known);
      return known;
    }
    if (!budget.take(clock.now())) {
      counters.add('socket-rate-limit');
      return null;
    }
    const made = sockets.ping(4);
    if (!made.ok) {
      counters.add('ping-no-socket');
      const { code } = refusalOf(made.error);
      if (code !== null) errors.unreachable(ip, code);
      return null;
    }
    if (this.#flows.size >= config.limits.pingFlows) this.#evict();
    const flow = new PingFlow(this.#core, ip.src, identifier, made.value);
    this.#core.register(flow);
    this.#flows.set(key, flow);
    if (this.#timer.deadline === Infinity) this.#timer.arm(clock.now() + UDP_IDLE_NS);
    return flow;
  }

  #limitOutstanding(): void {
    let total = 0;
    for (const flow of this.#flows.values()) total += flow.outstanding;
    if (total < this.#core.config.limits.pingsOutstanding) return;
    for (const flow of this.#flows.values()) {
      if (flow.outstanding === 0) continue;
      this.#core.counters.add('ping-outstanding-limit');
      return flow.forgetOldest();
    }
  }

  #evict(): void {
    for (const flow of this.#flows.values()) {
      this.#core.counters.add('ping-flow-limit');
      return this.#end(flow);
    }
  }

  #end(flow: PingFlow): void {
    this.#flows.delete(endpointKey(flow.guest, flow.identifier));
    this.#core.forget(flow);
  }

  #expire(): void {
    const now = this.#core.clock.now();
    let next: Nanos = Infinity;
    for (const flow of this.#flows.values()) {
      const end = flow.lastAt + UDP_IDLE_NS;
      if (end <= now) this.#end(flow);
      else next = Math.min(next, end);
    }
    if (next !== Infinity) this.#timer.arm(next);
  }
}
