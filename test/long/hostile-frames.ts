/** Frames that begin as real ones, of every kind the project knows, and go wrong somewhere. */
import { put16be, u16be } from '../../emulator/base/bytes.ts';
import type { Xoshiro128 } from '../../emulator/base/random.ts';
import { checksum } from '../../emulator/wire/checksum.ts';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
} from '../../emulator/wire/ethernet.ts';
import { VARIETY } from '../peers/frames.ts';
import { fixturePath, readPcap } from '../peers/pcap-file.ts';
import { segments, TROUBLED } from '../peers/segments.ts';

const TYPES = [ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN, 0x88a8, 46];
/** Ports behind which a dissector waits. */
const PORTS = [53, 67, 68, 69, 80, 7, 9, 123, 546, 547, 1900, 5353, 8080];
const IP_AT = 14;

export function realFrames(): readonly Uint8Array[] {
  const captured = ['bridge.services.pcap', 'slirp.services.pcap'].flatMap((f) => readPcap(fixturePath(f)));
  return [...VARIETY, ...captured, ...segments(TROUBLED)].map((f) => f.bytes);
}

/** One hostile frame; `pool` are the real ones. */
export function hostileFrame(pool: readonly Uint8Array[], random: Xoshiro128): Uint8Array {
  const kind = random.below(20);
  if (kind === 0) return noise(random);
  const frame = pool[random.below(pool.length)]!;
  const out = new Uint8Array(lengthOf(frame, random));
  out.set(frame.subarray(0, out.length));
  if (out.length > frame.length) random.fill(out.subarray(frame.length));
  if (kind === 1) splice(out, pool[random.below(pool.length)]!, random);
  if (out.length > 0) for (let i = random.below(8); i > 0; i--) out[random.below(out.length)] = nasty(random);
  if (kind < 6) believable(out, random);
  return out;
}

const nasty = (random: Xoshiro128): number =>
  random.below(2) === 0 ? [0, 1, 0x7f, 0x80, 0xc0, 0xff][random.below(6)]! : random.below(256);

function lengthOf({ length }: Uint8Array, random: Xoshiro128): number {
  const choice = random.below(16);
  if (choice < 3) return random.below(length + 1);
  if (choice === 3) return length + random.below(1500);
  return length;
}

function noise(random: Xoshiro128): Uint8Array {
  const out = new Uint8Array(random.below(random.below(50) === 0 ? 9000 : 200));
  random.fill(out);
  if (out.length >= IP_AT) put16be(out, 12, TYPES[random.below(TYPES.length)]!);
  if (out.length > IP_AT && random.below(2) === 0) out[IP_AT] = random.below(2) === 0 ? 0x45 : 0x60;
  return out;
}

/** The end of another frame in place of this one's. */
function splice(out: Uint8Array, other: Uint8Array, random: Xoshiro128): void {
  const at = random.below(out.length + 1);
  const tail = other.subarray(random.below(other.length + 1));
  out.set(tail.subarray(0, out.length - at), at);
}

/** Lengths, ports and header checksum of an IPv4 packet set right, so that what is inside is reached. */
function believable(out: Uint8Array, random: Xoshiro128): void {
  if (out.length < IP_AT + 28 || u16be(out, 12) !== ETHERTYPE_IPV4) return;
  out[IP_AT] = 0x45;
  put16be(out, IP_AT + 2, out.length - IP_AT);
  put16be(out, IP_AT + 6, 0);
  put16be(out, IP_AT + 10, 0);
  if (random.below(2) === 0) out[IP_AT + 9] = random.below(3) === 0 ? 6 : 17;
  put16be(out, IP_AT + 20 + 2 * random.below(2), PORTS[random.below(PORTS.length)]!);
  if (out[IP_AT + 9] === 17) put16be(out, IP_AT + 24, out.length - IP_AT - 20);
  put16be(out, IP_AT + 10, checksum(out, IP_AT, IP_AT + 20));
}
