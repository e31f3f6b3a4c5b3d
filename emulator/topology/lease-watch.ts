/** Reads the lease out of a DHCP ACK that passes by, so that the page can say which address a guest has without asking it. */
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { u16be } from '../base/bytes.ts';
import {
  BOOTREPLY,
  DHCPACK,
  DHCP_CLIENT_PORT,
  DHCP_HEADER,
  DHCP_SERVER_PORT,
  dhcpMessageType,
  parseDhcp,
} from '../wire/dhcpv4.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, etherType } from '../wire/ethernet.ts';
import { IPV4_HEADER, Ipv4View, PROTO_UDP } from '../wire/ipv4.ts';
import { UDP_HEADER } from '../wire/udp.ts';

export interface SeenLease {
  readonly mac: MacAddr;
  readonly address: Ipv4Addr;
}

const SHORTEST = ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER + DHCP_HEADER;

/** The lease a frame grants; null for every other frame (which is found out by a few comparisons). */
export function leaseIn(bytes: Uint8Array): SeenLease | null {
  if (bytes.length < SHORTEST || etherType(bytes) !== ETHERTYPE_IPV4) return null;
  const ip = new Ipv4View(bytes, ETHERNET_HEADER, bytes.length);
  if (ip.fault() !== undefined || ip.protocol !== PROTO_UDP || ip.isFragment) return null;
  const udp = ip.payload;
  if (ip.packetEnd - udp < UDP_HEADER) return null;
  if (u16be(bytes, udp) !== DHCP_SERVER_PORT || u16be(bytes, udp + 2) !== DHCP_CLIENT_PORT) return null;
  const message = parseDhcp(bytes, udp + UDP_HEADER, ip.packetEnd);
  if (typeof message === 'string' || message.op !== BOOTREPLY || dhcpMessageType(message) !== DHCPACK)
    return null;
  return { mac: message.chaddr, address: message.yiaddr };
}
