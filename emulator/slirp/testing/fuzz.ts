/**
 * A storm of mutated frames from the guest, with a host that does as it likes, for the unit tests and the long runs. Throws at the first
 * answer that is malformed (`seen` checks lengths and checksums) and the first table that is past its bound.
 */
import { IPV4_ANY, IPV4_BROADCAST, ipv4 } from '../../base/address.ts';
import { MILLISECOND } from '../../base/clock.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { checksum } from '../../wire/checksum.ts';
import { ETHERTYPE_IPV4, etherType } from '../../wire/ethernet.ts';
import { ACK_FLAG, FIN, RST, SYN } from '../../wire/tcp.ts';
import { DEFAULT_LIMITS } from '../config.ts';
import { Bench } from './bench.ts';
import { DNS, FILER, HOST, arpFrame, pingFrame, tcpFrame, udpFrame } from './frames.ts';

/** Host sockets kept for mischief; SLIRP's own bounds are below that. */
const SOCKETS_KEPT = 1000;

/** A valid frame to start from, for any service. */
function validFrame(random: Xoshiro128): Uint8Array {
  const data = new Uint8Array(random.below(64));
  random.fill(data);
  const port = 1 + random.below(400);
  const tcp = (flags: number): Uint8Array =>
    tcpFrame(FILER, { srcPort: port, dstPort: 80, seq: random.u32(), ack: random.u32(), flags, data });
  switch (random.below(11)) {
    case 0:
      return arpFrame({ tpa: HOST });
    case 1:
      return pingFrame(HOST, 1, 1, data);
    case 2:
      return pingFrame(FILER, port, 1, data);
    case 3:
      return udpFrame(FILER, port, 7, data);
    case 4:
      return udpFrame(FILER, port, 7, data, {
        flagsOffset: 0x2000 | random.below(64),
        id: random.below(64),
      });
    case 5:
      return udpFrame(DNS, port, 53, data);
    case 6:
      return udpFrame(IPV4_BROADCAST, 68, 67, dhcpMessage(random), { src: IPV4_ANY });
    case 7:
      return tcp(SYN);
    case 8:
      return tcp(ACK_FLAG);
    case 9:
      return tcp(FIN | ACK_FLAG);
    default:
      return tcp(RST);
  }
}

function dhcpMessage(random: Xoshiro128): Uint8Array {
  const dhcp = new Uint8Array(300);
  dhcp.set([1, 1, 6]);
  dhcp.set([0x52, 0x54, 0, 0, 0, random.below(40)], 28);
  dhcp.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1 + random.below(8), 50, 4, 10, 0, 2, random.below(60), 255], 236);
  return dhcp;
}

/** Some bytes changed, perhaps cut or lengthened; half of the IPv4 headers get a right checksum again, so that what is inside is reached. */
function mutate(frame: Uint8Array, random: Xoshiro128): Uint8Array {
  const length = random.below(4) === 0 ? random.below(frame.length + 40) : frame.length;
  const out = new Uint8Array(length);
  out.set(frame.subarray(0, length));
  if (length === 0) return out;
  for (let i = random.below(6); i > 0; i--) out[random.below(length)] = random.u32();
  if (length >= 34 && etherType(out) === ETHERTYPE_IPV4 && random.below(2) === 0) {
    out[24] = out[25] = 0;
    const sum = checksum(out, 14, Math.min(length, 14 + (out[14]! & 15) * 4));
    out[24] = sum >> 8;
    out[25] = sum & 0xff;
  }
  return out;
}

export class Storm {
  readonly bench: Bench;
  /** Frames to the guest so far. */
  answers = 0;
  readonly #random: Xoshiro128;
  #round = 0;

  constructor(seed: number) {
    this.#random = new Xoshiro128(seed);
    this.bench = new Bench({ seed });
  }

  run(frames: number): void {
    const random = this.#random;
    const { bench } = this;
    for (const end = this.#round + frames; this.#round < end; this.#round++) {
      bench.transmit(mutate(validFrame(random), random));
      if (this.#round % 7 === 0) this.#stir();
      if (this.#round % 5 === 0) this.answers += bench.take().length;
      if (this.#round % 50 === 0) bench.advance(random.below(200) * MILLISECOND);
      if (this.#round % 1000 === 0) {
        this.checkBounds();
        this.#forgetOldSockets();
      }
    }
    this.answers += bench.take().length;
    this.checkBounds();
  }

  checkBounds(): void {
    const { slirp, nested } = this.bench;
    const { tcpFlows, udpFlows, pingFlows, reassemblyQueues } = DEFAULT_LIMITS;
    const state = slirp.save();
    const sizes: readonly (readonly [string, number, number])[] = [
      ['flows', slirp.table().length, tcpFlows + udpFlows + pingFlows],
      ['packets waiting for ARP', state.arp.waiting.length, DEFAULT_LIMITS.arpWaitPackets],
      ['neighbours', state.arp.table.length, 16],
      ['datagrams in reassembly', state.reassembly.datagrams.length, reassemblyQueues],
      ['leases', slirp.leases().length, 16],
      ['names of counters', Object.keys(state.counters).length, 150],
      ['frames delivered inside a transmit', nested, 0],
    ];
    for (const [name, size, bound] of sizes)
      if (size > bound)
        throw new Error(`frame ${this.#round}: ${size} ${name}, at most ${bound} are allowed`);
  }

  /** The host does something too. */
  #stir(): void {
    const random = this.#random;
    const { streams, datagrams, pings } = this.bench.host;
    const stream = streams[random.below(Math.max(1, streams.length))];
    const data = new Uint8Array(random.below(3000));
    if (stream !== undefined) {
      const act = random.below(8);
      if (act === 0 && stream.phase === 'connecting') stream.failed('ECONNREFUSED');
      else if (stream.phase === 'connecting') stream.connected();
      else if (act < 4 && stream.phase === 'open') stream.push(data);
      else if (act === 5 && stream.phase === 'open') stream.ended();
      else if (act === 6) stream.reset();
    }
    const socket = datagrams[random.below(Math.max(1, datagrams.length))];
    if (socket !== undefined && !socket.disposed) {
      const to = endpoint4(FILER, 7);
      const from = { family: 4, v4: ipv4('127.0.0.1') } as const;
      if (random.below(4) === 0) socket.onError('ECONNREFUSED', to, { icmpType: 3, code: 3, from });
      else socket.arrive(to, data);
    }
    const ping = pings.at(-1);
    if (ping !== undefined && !ping.disposed)
      ping.onReply({ family: 4, v4: FILER }, random.below(3), data, 64);
  }

  /** The host's doubles remember all they were told; a long run must not. */
  #forgetOldSockets(): void {
    const { streams, datagrams, pings } = this.bench.host;
    for (const list of [streams, datagrams, pings]) list.splice(0, list.length - SOCKETS_KEPT);
    for (const stream of streams) stream.received.length = 0;
    for (const socket of [...datagrams, ...pings]) socket.sent.length = 0;
  }
}
