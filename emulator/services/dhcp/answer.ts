/**
 * What a DHCP server answers: a message in, a message and its destination (or the reason for silence) out, the lease table changed.
 * Follows RFC 2131 §4.1 (where to send), §4.3 (what to send, table 3); options RFC 2132. The choices it leaves to the server are
 * those of dnsmasq on a network where it is the only server: it is authoritative, sends what the parameter list asks for, and
 * names itself as next server.
 * Leaves out: plain BOOTP, boot files, option overloading, address reservations.
 */
import {
  formatMac,
  ipv4,
  IPV4_ANY,
  isMulticastMac,
  MAC_NONE,
  prefixMask,
  sameNetwork,
} from '../../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../../base/address.ts';
import { hex, latin1, latin1Bytes } from '../../base/bytes.ts';
import { SECOND, type Nanos } from '../../base/clock.ts';
import * as D from '../../wire/dhcpv4.ts';
import type { Lease, Leases, Pool, Reservation } from './leases.ts';

/** RFC 2132 §5.3. */
const OPT_BROADCAST_ADDRESS = 28;
const FLAG_BROADCAST = 0x8000;
/** How long an offer is kept for the client that got it. */
const OFFER_TIME = 60 * SECOND;
/** How long a declined address is left alone, as in dnsmasq. */
const DECLINE_TIME = 600 * SECOND;

export interface DhcpConfig {
  /** The network is that of `pool.first` with this prefix length. */
  readonly prefix: number;
  readonly pool: Pool;
  readonly leaseSeconds: number;
  /** Option 3; empty: left out. */
  readonly routers: readonly Ipv4Addr[];
  /** Option 6; empty: left out; null: the server itself. */
  readonly dns: readonly Ipv4Addr[] | null;
  /** Option 15; empty: left out. */
  readonly domain: string;
  /** Answer what relay agents on this network bring (`giaddr` ≠ 0). */
  readonly relayed: boolean;
  /** Addresses kept for certain cards; in the network, in the pool or outside it. */
  readonly reservations: readonly Reservation[];
}

/** Why a message gets no answer. */
export type DhcpSilence =
  | 'not-a-request'
  | 'relayed'
  | 'bad-hardware-address'
  | 'bootp'
  | 'unknown-type'
  | 'pool-exhausted'
  | 'other-server'
  | 'no-address'
  | 'declined'
  | 'released';

/** Where an answer goes, RFC 2131 §4.1. `hardware`: to `address`, which does not answer ARP yet, so its neighbour entry is `mac`. */
export type DhcpRoute =
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'unicast'; readonly address: Ipv4Addr }
  | { readonly kind: 'hardware'; readonly address: Ipv4Addr; readonly mac: MacAddr }
  | { readonly kind: 'relay'; readonly address: Ipv4Addr };

export interface DhcpAnswer {
  readonly message: D.Dhcp;
  readonly route: DhcpRoute;
}

/** Answers `request` as the server `server`, and records in `leases` what it gives away. */
export function answerDhcp(
  config: DhcpConfig,
  server: Ipv4Addr,
  leases: Leases,
  request: D.Dhcp,
  now: Nanos,
): DhcpAnswer | DhcpSilence {
  if (request.op !== D.BOOTREQUEST) return 'not-a-request';
  if (request.giaddr !== IPV4_ANY && !(config.relayed && inNetwork(config, request.giaddr))) return 'relayed';
  if (request.chaddr === MAC_NONE || isMulticastMac(request.chaddr)) return 'bad-hardware-address';
  const it = new Exchange(config, server, leases, request, now);
  switch (D.dhcpMessageType(request)) {
    case D.DHCPDISCOVER:
      return it.discover();
    case D.DHCPREQUEST:
      return it.request();
    case D.DHCPDECLINE:
      return it.decline();
    case D.DHCPRELEASE:
      return it.release();
    case D.DHCPINFORM:
      return it.inform();
    case 0:
      return 'bootp';
    default:
      return 'unknown-type';
  }
}

const inNetwork = (config: DhcpConfig, address: Ipv4Addr): boolean =>
  sameNetwork(address, config.pool.first, config.prefix);

/** In the network, and neither its first nor its last address, which are not a host's. */
export function isHost(config: DhcpConfig, address: Ipv4Addr): boolean {
  const hostPart = (address & ~prefixMask(config.prefix)) >>> 0;
  const allOnes = ~prefixMask(config.prefix) >>> 0;
  return inNetwork(config, address) && hostPart !== 0 && hostPart !== allOnes;
}

/**
 * Who asks. An identifier that only repeats the hardware address (type 1 and chaddr, as udhcpc and Windows send it) names the same
 * client as none, so that a boot loader and the system it loads share a lease.
 */
export function clientOf(request: D.Dhcp): string {
  const id = D.dhcpOption(request, D.OPT_CLIENT_ID);
  const mac = formatMac(request.chaddr);
  return id === undefined || id.length === 0 || hex(id, ':') === `01:${mac}` ? `mac:${mac}` : `id:${hex(id)}`;
}

/** Option 12 as a DNS label: the part before the first dot, lower case; null when that is no host name (RFC 1123 §2.1). */
export function hostNameOf(request: D.Dhcp): string | null {
  const data = D.dhcpOption(request, D.OPT_HOST_NAME);
  if (!data) return null;
  const label = latin1(data).split(/[.\0]/)[0]!.toLowerCase();
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label) ? label : null;
}

class Exchange {
  readonly #config: DhcpConfig;
  readonly #server: Ipv4Addr;
  readonly #leases: Leases;
  readonly #request: D.Dhcp;
  readonly #now: Nanos;
  readonly #client: string;
  readonly #wanted: Ipv4Addr | null;
  readonly #chosenServer: Ipv4Addr | null;

  constructor(config: DhcpConfig, server: Ipv4Addr, leases: Leases, request: D.Dhcp, now: Nanos) {
    this.#config = config;
    this.#server = server;
    this.#leases = leases;
    this.#request = request;
    this.#now = now;
    this.#client = clientOf(request);
    this.#wanted = D.dhcpAddress(request, D.OPT_REQUESTED_IP);
    this.#chosenServer = D.dhcpAddress(request, D.OPT_SERVER_ID);
  }

  /** §4.3.1. A client that discovers while it holds a lease (it rebooted) keeps that lease until it asks. */
  discover(): DhcpAnswer | DhcpSilence {
    const address = this.#leases.choose(this.#client, this.#wanted, this.#now);
    if (address === null) return 'pool-exhausted';
    const held = this.#leases.at(address);
    const alive =
      held?.client === this.#client && held.state === 'bound' && held.until > this.#now + OFFER_TIME;
    if (!alive) this.#record(address, 'offered', OFFER_TIME);
    return this.#give(D.DHCPOFFER, address);
  }

  /** §4.3.2: the four states a client may ask from. */
  request(): DhcpAnswer | DhcpSilence {
    const { ciaddr } = this.#request;
    if (this.#chosenServer !== null) {
      // SELECTING
      if (this.#chosenServer !== this.#server) {
        const offer = this.#leases.of(this.#client);
        if (offer?.state === 'offered') this.#leases.drop(offer.address);
        return 'other-server';
      }
      if (this.#wanted === null) return 'no-address';
      return this.#acknowledge(this.#wanted);
    }
    // INIT-REBOOT names the address in option 50, RENEWING and REBINDING in ciaddr.
    const address = this.#wanted ?? ciaddr;
    return address === IPV4_ANY ? 'no-address' : this.#acknowledge(address);
  }

  decline(): DhcpSilence {
    if (this.#chosenServer !== this.#server) return 'other-server';
    const lease = this.#wanted === null ? undefined : this.#leases.at(this.#wanted);
    if (lease?.client !== this.#client || lease.state === 'declined') return 'no-address';
    this.#leases.put({ ...lease, hostName: null, state: 'declined', until: this.#now + DECLINE_TIME });
    return 'declined';
  }

  release(): DhcpSilence {
    if (this.#chosenServer !== this.#server) return 'other-server';
    const lease = this.#leases.at(this.#request.ciaddr);
    if (lease?.client !== this.#client || lease.state !== 'bound') return 'no-address';
    this.#leases.put({ ...lease, state: 'released', until: this.#now });
    return 'released';
  }

  /** §4.3.5: parameters for an address that was set by hand; no lease, no times, `yiaddr` stays zero. */
  inform(): DhcpAnswer | DhcpSilence {
    const address = this.#request.ciaddr;
    if (!isHost(this.#config, address)) return 'no-address';
    const options = [type(D.DHCPACK), D.addressOption(D.OPT_SERVER_ID, this.#server), ...this.#parameters()];
    return {
      message: this.#message(options, address, IPV4_ANY),
      route: { kind: 'unicast', address },
    };
  }

  #acknowledge(address: Ipv4Addr): DhcpAnswer {
    if (!inNetwork(this.#config, address)) return this.#refuse('wrong network');
    if (!this.#leases.contains(address)) return this.#refuse('address not available');
    if (!this.#leases.isFree(address, this.#client, this.#now)) return this.#refuse('address in use');
    this.#record(address, 'bound', this.#config.leaseSeconds * SECOND);
    return this.#give(D.DHCPACK, address);
  }

  #record(address: Ipv4Addr, state: Lease['state'], time: Nanos): void {
    const { chaddr: mac } = this.#request;
    this.#leases.put({
      address,
      client: this.#client,
      mac,
      hostName: hostNameOf(this.#request) ?? this.#leases.of(this.#client)?.hostName ?? null,
      state,
      until: this.#now + time,
    });
  }

  /** An OFFER or ACK with the lease, its times (RFC 2131 §4.4.5: T1 half, T2 seven eighths) and the parameters. */
  #give(kind: number, address: Ipv4Addr): DhcpAnswer {
    const seconds = this.#config.leaseSeconds;
    const options = [
      type(kind),
      D.addressOption(D.OPT_SERVER_ID, this.#server),
      D.u32Option(D.OPT_LEASE_TIME, seconds),
      D.u32Option(D.OPT_RENEWAL_TIME, Math.floor(seconds / 2)),
      D.u32Option(D.OPT_REBINDING_TIME, Math.floor((seconds * 7) / 8)),
      ...this.#parameters(),
    ];
    // Only a client that asks to keep the address it uses is reached there; any other `ciaddr` is not believed.
    const ciaddr = kind === D.DHCPACK && this.#request.ciaddr === address ? address : IPV4_ANY;
    return { message: this.#message(options, ciaddr, address), route: this.#route(ciaddr, address) };
  }

  /** A NAK is always broadcast (§4.1): the address the client believes in may be anything. */
  #refuse(why: string): DhcpAnswer {
    const options = [
      type(D.DHCPNAK),
      D.addressOption(D.OPT_SERVER_ID, this.#server),
      { code: D.OPT_MESSAGE, data: latin1Bytes(why) },
    ];
    const message = this.#message(options, IPV4_ANY, IPV4_ANY);
    const { giaddr } = this.#request;
    if (giaddr === IPV4_ANY)
      return { message: { ...message, siaddr: IPV4_ANY }, route: { kind: 'broadcast' } };
    return {
      message: { ...message, siaddr: IPV4_ANY, flags: message.flags | FLAG_BROADCAST },
      route: { kind: 'relay', address: giaddr },
    };
  }

  #route(ciaddr: Ipv4Addr, yiaddr: Ipv4Addr): DhcpRoute {
    const { giaddr, flags, chaddr } = this.#request;
    if (giaddr !== IPV4_ANY) return { kind: 'relay', address: giaddr };
    if (ciaddr !== IPV4_ANY) return { kind: 'unicast', address: ciaddr };
    if ((flags & FLAG_BROADCAST) !== 0) return { kind: 'broadcast' };
    return { kind: 'hardware', address: yiaddr, mac: chaddr };
  }

  /** What the client's parameter list asks for; everything for a client without one. */
  #parameters(): D.DhcpOption[] {
    const { pool, prefix, routers, dns, domain } = this.#config;
    const mask = prefixMask(prefix) as Ipv4Addr;
    const broadcast = ((pool.first | ~mask) >>> 0) as Ipv4Addr;
    const hostName = hostNameOf(this.#request);
    const all = [
      D.addressOption(D.OPT_SUBNET_MASK, mask),
      D.addressOption(OPT_BROADCAST_ADDRESS, broadcast),
      D.addressOption(D.OPT_ROUTER, ...routers),
      D.addressOption(D.OPT_DNS, ...(dns ?? [this.#server])),
      { code: D.OPT_DOMAIN_NAME, data: latin1Bytes(domain) },
      { code: D.OPT_HOST_NAME, data: latin1Bytes(hostName ?? '') },
    ];
    const list = D.dhcpOption(this.#request, D.OPT_PARAMETER_LIST);
    return all.filter(({ code, data }) => data.length > 0 && (!list || list.includes(code)));
  }

  /** §4.3.1 table 3. */
  #message(options: D.DhcpOption[], ciaddr: Ipv4Addr, yiaddr: Ipv4Addr): D.Dhcp {
    const { xid, flags, giaddr, chaddr } = this.#request;
    return {
      op: D.BOOTREPLY,
      xid,
      secs: 0,
      flags,
      ciaddr,
      yiaddr,
      siaddr: this.#server,
      giaddr,
      chaddr,
      file: '',
      options,
    };
  }
}

const type = (kind: number): D.DhcpOption => ({ code: D.OPT_MESSAGE_TYPE, data: Uint8Array.of(kind) });

/** The lab's LAN: 192.168.76.100 to .199, no router; this server is the DNS server too. */
export const LAB_DHCP: DhcpConfig = {
  prefix: 24,
  pool: { first: ipv4('192.168.76.100'), last: ipv4('192.168.76.199') },
  leaseSeconds: 3600,
  routers: [],
  dns: null,
  domain: 'lab',
  relayed: false,
  reservations: [],
};
