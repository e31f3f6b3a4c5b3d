/**
 * The names a small DNS server knows: fixed hosts, and hosts that gave their name to the DHCP server. Follows RFC 1034 §4.3.2, RFC 1035 §3.5.
 * Everything is in one domain and the reverse zones of the networks named; a fixed name wins over a learnt one.
 */
import { formatIpv4, ipv4, parseIpv4, sameNetwork, type Ipv4Addr } from '../../base/address.ts';
import { encodeName } from '../../wire/dns.ts';

export interface DnsHost {
  /** One label or several, without the domain, lower case: `filer`. */
  readonly name: string;
  readonly addresses: readonly Ipv4Addr[];
}

/** Names learnt elsewhere; asked at every query, so nothing has to be kept in step. */
export interface LearntNames {
  addressOf(hostName: string): Ipv4Addr | null;
  nameOf(address: Ipv4Addr): string | null;
}

export interface ZoneConfig {
  /** Without dots at the ends, lower case: `lab`. */
  readonly domain: string;
  /** The first one is the name server of the zone. */
  readonly hosts: readonly DnsHost[];
  /** Networks this server is the authority of (reverse names). */
  readonly networks: readonly { readonly address: Ipv4Addr; readonly prefix: number }[];
  /** Seconds a resolver may keep an answer, positive or negative. */
  readonly ttl: number;
}

/** What a name is to this server. `outside`: in no zone of ours. */
export type Found =
  | { readonly kind: 'addresses'; readonly addresses: readonly Ipv4Addr[]; readonly apex: string }
  | { readonly kind: 'pointer'; readonly target: string; readonly apex: string }
  /** The zone's own name: it exists and has SOA and NS. */
  | { readonly kind: 'apex'; readonly apex: string }
  | { readonly kind: 'absent'; readonly apex: string }
  | { readonly kind: 'outside' };

const REVERSE = '.in-addr.arpa';

export class Zone {
  readonly config: ZoneConfig;
  readonly #learnt: LearntNames | null;
  readonly #addresses: ReadonlyMap<string, readonly Ipv4Addr[]>;
  readonly #names: ReadonlyMap<Ipv4Addr, string>;

  /** Throws on a host whose full name is none: a mistake in the configuration. */
  constructor(config: ZoneConfig, learnt: LearntNames | null) {
    for (const { name } of config.hosts)
      if (!encodeName(`${name}.${config.domain}`)) throw new Error(`not a host name: ${name}`);
    this.config = config;
    this.#learnt = learnt;
    this.#addresses = new Map(config.hosts.map((h) => [h.name, h.addresses]));
    const names = new Map<Ipv4Addr, string>();
    for (const host of config.hosts)
      for (const address of host.addresses) if (!names.has(address)) names.set(address, host.name);
    this.#names = names;
  }

  /** The full name of the zone's name server. */
  get server(): string {
    const first = this.config.hosts[0];
    return first ? this.#full(first.name) : this.config.domain;
  }

  /** Looks up a full name, lower case, without the last dot. */
  find(name: string): Found {
    if (name.endsWith(REVERSE)) return this.#findReverse(name.slice(0, -REVERSE.length));
    const { domain } = this.config;
    if (name === domain) return { kind: 'apex', apex: domain };
    if (!name.endsWith(`.${domain}`)) return { kind: 'outside' };
    const host = name.slice(0, -domain.length - 1);
    const fixed = this.#addresses.get(host);
    if (fixed) return { kind: 'addresses', addresses: fixed, apex: domain };
    const learnt = this.#learnt?.addressOf(host) ?? null;
    return learnt === null
      ? { kind: 'absent', apex: domain }
      : { kind: 'addresses', addresses: [learnt], apex: domain };
  }

  /** `labels`: what stands before `.in-addr.arpa`, the address backwards. */
  #findReverse(labels: string): Found {
    const parts = labels.split('.').reverse();
    const text = [...parts, '0', '0', '0'].slice(0, 4).join('.');
    const whole = parts.length <= 4 ? parseIpv4(text) : null;
    // `076` is a number but not the label of an address.
    if (whole === null || formatIpv4(whole) !== text) return { kind: 'outside' };
    const network = this.#networkOf(whole, parts.length);
    if (!network) return { kind: 'outside' };
    const octets = Math.ceil(network.prefix / 8);
    const apex = `${formatIpv4(network.address).split('.').slice(0, octets).reverse().join('.')}${REVERSE}`;
    if (parts.length === octets && octets < 4) return { kind: 'apex', apex };
    if (parts.length < 4) return { kind: 'absent', apex };
    const fixed = this.#names.get(whole);
    const name = fixed ?? this.#learnt?.nameOf(whole) ?? null;
    return name === null ? { kind: 'absent', apex } : { kind: 'pointer', target: this.#full(name), apex };
  }

  #networkOf(address: Ipv4Addr, octets: number): { address: Ipv4Addr; prefix: number } | undefined {
    return this.config.networks.find(
      (n) => octets >= Math.ceil(n.prefix / 8) && sameNetwork(n.address, address, n.prefix),
    );
  }

  #full(host: string): string {
    return `${host}.${this.config.domain}`;
  }
}

/** The lab's machines; `gateway` and `nameserver` are what a guest behind the NAT sees. */
export const LAB_ZONE: ZoneConfig = {
  domain: 'lab',
  hosts: [
    { name: 'filer', addresses: [ipv4('192.168.76.2')] },
    { name: 'alpha', addresses: [ipv4('192.168.76.10')] },
    { name: 'beta', addresses: [ipv4('192.168.76.20')] },
    { name: 'gateway', addresses: [ipv4('10.0.2.2')] },
    { name: 'nameserver', addresses: [ipv4('10.0.2.3')] },
  ],
  networks: [
    { address: ipv4('192.168.76.0'), prefix: 24 },
    { address: ipv4('10.0.2.0'), prefix: 24 },
  ],
  ttl: 60,
};
