/** Addresses as branded numbers; text only at the edge. */
declare const brand: unique symbol;

/** An IPv4 address as an unsigned 32-bit number. */
export type Ipv4Addr = number & { readonly [brand]: 'ipv4' };
/** An Ethernet address as a 48-bit number (exact in a double). */
export type MacAddr = number & { readonly [brand]: 'mac' };

export const MAC_BROADCAST = 0xffff_ffff_ffff as MacAddr;
export const MAC_NONE = 0 as MacAddr;
export const IPV4_ANY = 0 as Ipv4Addr;
export const IPV4_BROADCAST = 0xffff_ffff as Ipv4Addr;
export const IPV4_LOOPBACK = 0x7f00_0001 as Ipv4Addr;

/** `52:54:00:12:34:56` (also with `-`); `null` when malformed. */
export function parseMac(text: string): MacAddr | null {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) return null;
  return parseInt(text.replace(/[:-]/g, ''), 16) as MacAddr;
}

export function formatMac(mac: MacAddr): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/(..)(?=.)/g, '$1:');
}

/** `10.0.2.15`; `null` when malformed. */
export function parseIpv4(text: string): Ipv4Addr | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255)) return null;
  return parts.reduce((sum, p) => sum * 256 + Number(p), 0) as Ipv4Addr;
}

export function formatIpv4(addr: Ipv4Addr): string {
  return `${(addr >>> 24) & 255}.${(addr >>> 16) & 255}.${(addr >>> 8) & 255}.${addr & 255}`;
}

/** For constants in code: throws on a malformed text. */
export function ipv4(text: string): Ipv4Addr {
  const addr = parseIpv4(text);
  if (addr === null) throw new Error(`not an IPv4 address: ${text}`);
  return addr;
}

/** For constants in code: throws on a malformed text. */
export function mac(text: string): MacAddr {
  const addr = parseMac(text);
  if (addr === null) throw new Error(`not a MAC address: ${text}`);
  return addr;
}

/** First octet's bit 0: group address. */
export const isMulticastMac = (mac: MacAddr): boolean => (Math.floor(mac / 0x100_0000_0000) & 1) === 1;

/** 224.0.0.0/4: a group (RFC 5771). */
export const isMulticast = (addr: Ipv4Addr): boolean => addr >>> 28 === 14;

/** The network mask of a prefix length (0 to 32), e.g. 24 → 255.255.255.0. */
export const prefixMask = (length: number): number => (length === 0 ? 0 : (-1 << (32 - length)) >>> 0);

/** Whether both addresses are in the same network of this prefix length. */
export const sameNetwork = (a: Ipv4Addr, b: Ipv4Addr, prefix: number): boolean =>
  ((a ^ b) & prefixMask(prefix)) === 0;
