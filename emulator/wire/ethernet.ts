/**
 * Ethernet II header. Follows IEEE 802.3 §3.1.1 (without FCS), RFC 894. Leaves out 802.3 length/LLC frames and tags.
 *
 *   destination(6) source(6) type(2) payload(46–1500)
 */
import { put16be, put48be, u16be, u48be } from '../base/bytes.ts';
import type { MacAddr } from '../base/address.ts';

const DST = 0;
const SRC = 6;
const TYPE = 12;
export const ETHERNET_HEADER = 14;
/** Shortest frame without FCS; shorter ones are padded with zeros. */
export const ETHERNET_MIN = 60;
/** Longest untagged frame at MTU 1500, without FCS. */
export const ETHERNET_MAX = 1514;

/** From here on the type field is a type; below, it is the length of an 802.3 frame (IEEE 802.3 §3.2.6). */
export const FIRST_ETHERTYPE = 1536;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Callers check `length >= ETHERNET_HEADER` first. */
export const etherDst = (b: Uint8Array): MacAddr => u48be(b, DST) as MacAddr;
export const etherSrc = (b: Uint8Array): MacAddr => u48be(b, SRC) as MacAddr;
export const etherType = (b: Uint8Array): number => u16be(b, TYPE);

export function putEthernet(b: Uint8Array, dst: MacAddr, src: MacAddr, type: number): void {
  put48be(b, DST, dst);
  put48be(b, SRC, src);
  put16be(b, TYPE, type);
}
