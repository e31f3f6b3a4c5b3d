/**
 * Where a packet of the guest really goes: 10.0.2.2 is the host's loopback, 10.0.2.3 port 53 its name server, the rest of the virtual
 * network nobody, everything else itself. The policy and the loopback filter look at the result, never at what the guest wrote.
 */
import { IPV4_LOOPBACK, isMulticast } from '../base/address.ts';
import type { Ipv4Addr } from '../base/address.ts';
import {
  endpoint4,
  type Endpoint,
  type HostSockets,
  type IpAddr,
  type SocketError,
} from '../base/host-sockets.ts';
import { DNS_PORT } from '../wire/dns.ts';
import { UNREACH_ADMIN, UNREACH_HOST, UNREACH_NET, UNREACH_PORT } from '../wire/icmpv4.ts';
import { inNetwork, isBroadcast, isLoopback, type SlirpConfig } from './config.ts';

/** Why not: TCP is answered with RST if `reset`, else (and all else) with this ICMP code of type 3; null: silence. */
export interface Refusal {
  readonly ok: false;
  readonly reset: boolean;
  readonly code: number | null;
}

export type Translation = { readonly ok: true; readonly to: Endpoint } | Refusal;

const refuse = (code: number | null, reset = false): Refusal => ({ ok: false, reset, code });

const RESTRICTED = refuse(null, true);
const SILENCE = refuse(null);
const NO_NET = refuse(UNREACH_NET);
const NO_HOST = refuse(UNREACH_HOST);
const PROHIBITED = refuse(UNREACH_ADMIN);
const LOOPBACK_REFUSED = refuse(UNREACH_HOST, true);

/** What a guest is told when a host socket fails with `error`, at once or later. */
export function refusalOf(error: SocketError): Refusal {
  switch (error) {
    case 'ECONNREFUSED':
      return refuse(UNREACH_PORT, true);
    case 'ENETUNREACH':
      return NO_NET;
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
    case 'ETIMEDOUT':
    case 'EADDRINUSE':
      return NO_HOST;
    case 'EACCES':
    case 'EOPNOTSUPP':
      return PROHIBITED;
    case 'EMFILE':
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return refuse(null, true);
    case 'EMSGSIZE':
      return SILENCE;
  }
}

export function translate(
  config: SlirpConfig,
  sockets: HostSockets,
  protocol: 'tcp' | 'udp' | 'icmp',
  dst: Ipv4Addr,
  port: number,
): Translation {
  if (config.restricted) return RESTRICTED;
  if (isMulticast(dst)) return SILENCE;
  const place = placeOf(config, sockets, dst, port);
  if (!place.ok || protocol === 'icmp') return place;
  const error = protocol === 'tcp' ? config.policy?.stream(place.to) : config.policy?.datagram(place.to);
  return error === null || error === undefined ? place : refusalOf(error);
}

function placeOf(config: SlirpConfig, sockets: HostSockets, dst: Ipv4Addr, port: number): Translation {
  const { profile } = config;
  const loopback = { ok: true, to: endpoint4(IPV4_LOOPBACK, port) } as const;
  if (dst === config.host) return config.disableHostLoopback ? NO_NET : loopback;
  if (dst === config.dns && !config.disableDns) {
    if (port !== DNS_PORT && !profile.dnsAnyPort) return NO_NET;
    const server = sockets.nameservers(4)[0];
    if (server === undefined) return NO_NET;
    return { ok: true, to: port === DNS_PORT ? server : { ip: server.ip, port } };
  }
  if (isBroadcast(config, dst)) {
    return profile.broadcast === 'drop' ? SILENCE : config.disableHostLoopback ? NO_NET : loopback;
  }
  if (inNetwork(config, dst) && profile.unusedAddresses === 'refuse') return NO_HOST;
  if (isLoopback(dst) && profile.loopbackAddresses === 'refuse') return LOOPBACK_REFUSED;
  // 169.254/16 holds the metadata services of clouds: as private to the host as its loopback.
  if (dst >>> 16 === 0xa9fe && config.disableHostLoopback) return PROHIBITED;
  return { ok: true, to: endpoint4(dst, port) };
}

/** The address under which a guest knows a host address: the NAT's own for what is not on any network. */
export function guestAddress(config: SlirpConfig, ip: IpAddr): Ipv4Addr {
  return ip.family === 4 && !isLoopback(ip.v4) ? ip.v4 : config.host;
}
