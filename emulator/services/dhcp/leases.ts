/**
 * The address pool of a DHCP server: who has which address until when. Follows RFC 2131 §2.2, §4.3.1.
 *
 * A lease stays in the table after it has expired or was released, so that a client that comes back gets its old address. A client
 * is given, in this order: the address it holds or held; the one it asks for, if nobody else remembers it; the lowest one nobody remembers;
 * the one whose last holder went longest ago. A client with a reserved address gets that one and nobody else does. Time is only compared, so there are no timers to save.
 * Invariant: at most one lease per address, and per client one that it did not decline; the table is never larger than the pool.
 * Leaves out: the ICMP probe before an offer (clients probe by ARP and answer with DHCPDECLINE).
 */
import { formatMac, type Ipv4Addr, type MacAddr } from '../../base/address.ts';
import type { Nanos } from '../../base/clock.ts';

/**
 * `offered`: held for a client that may yet choose another server. `bound`: acknowledged. `released`: given back.
 * `declined`: a client found somebody else using it. Each ends at `until`.
 */
export type LeaseState = 'offered' | 'bound' | 'released' | 'declined';

export interface Lease {
  readonly address: Ipv4Addr;
  /** Who: `id:` and the client identifier in hexadecimal, or `mac:` and the hardware address. */
  readonly client: string;
  readonly mac: MacAddr;
  /** First label only, lower case; null: the client gave none. */
  readonly hostName: string | null;
  readonly state: LeaseState;
  readonly until: Nanos;
}

export interface Pool {
  readonly first: Ipv4Addr;
  readonly last: Ipv4Addr;
}

/** An address kept for one card. */
export interface Reservation {
  readonly mac: MacAddr;
  readonly address: Ipv4Addr;
}

/** Larger pools are refused: the table is searched from end to end. */
export const MAX_POOL = 1024;

export class Leases {
  readonly #pool: Pool;
  /** By hardware address; outside the pool or in it. */
  readonly #reserved: ReadonlyMap<string, Ipv4Addr>;
  readonly #reservedAddresses: ReadonlyMap<Ipv4Addr, string>;
  readonly #table = new Map<Ipv4Addr, Lease>();

  /** Throws on a pool that is empty or larger than `MAX_POOL`: a mistake in the configuration. */
  constructor(pool: Pool, reservations: readonly Reservation[] = []) {
    const size = pool.last - pool.first + 1;
    if (size < 1 || size > MAX_POOL)
      throw new Error(`a DHCP pool has 1 to ${MAX_POOL} addresses, not ${size}`);
    this.#pool = pool;
    this.#reserved = new Map(reservations.map((r) => [`mac:${formatMac(r.mac)}`, r.address]));
    this.#reservedAddresses = new Map([...this.#reserved].map(([client, address]) => [address, client]));
  }

  /** Whether this table gives the address away at all. */
  contains(address: Ipv4Addr): boolean {
    return (
      (address >= this.#pool.first && address <= this.#pool.last) || this.#reservedAddresses.has(address)
    );
  }

  at(address: Ipv4Addr): Lease | undefined {
    return this.#table.get(address);
  }

  /** The lease of a client, live or remembered; never one it declined. */
  of(client: string): Lease | undefined {
    for (const lease of this.#table.values())
      if (lease.client === client && lease.state !== 'declined') return lease;
    return undefined;
  }

  /** Whether `client` may have `address` now. */
  isFree(address: Ipv4Addr, client: string, now: Nanos): boolean {
    if (!this.contains(address)) return false;
    const owner = this.#reservedAddresses.get(address);
    if (owner !== undefined && owner !== client) return false;
    const lease = this.#table.get(address);
    if (!lease || isOver(lease, now)) return true;
    return lease.client === client && lease.state !== 'declined';
  }

  /** The address to offer, by the order of this file's head; null: the pool is exhausted. */
  choose(client: string, wanted: Ipv4Addr | null, now: Nanos): Ipv4Addr | null {
    const reserved = this.#reserved.get(client);
    if (reserved !== undefined && this.isFree(reserved, client, now)) return reserved;
    const own = this.of(client);
    if (own && this.isFree(own.address, client, now)) return own.address;
    if (wanted !== null && this.isFree(wanted, client, now) && !this.#table.has(wanted)) return wanted;
    let oldest: Lease | null = null;
    for (let a = this.#pool.first; a <= this.#pool.last; a = (a + 1) as Ipv4Addr) {
      if (this.#reservedAddresses.has(a)) continue;
      const lease = this.#table.get(a);
      if (!lease) return a;
      if (isOver(lease, now) && (!oldest || lease.until < oldest.until)) oldest = lease;
    }
    return oldest?.address ?? null;
  }

  /** Writes a lease in place of what its address and its client had before. A newer client takes over a host name. */
  put(lease: Lease): void {
    const before = this.of(lease.client);
    if (before && before.address !== lease.address) this.#table.delete(before.address);
    if (lease.hostName !== null)
      for (const other of this.#table.values())
        if (other.hostName === lease.hostName && other.client !== lease.client)
          this.#table.set(other.address, { ...other, hostName: null });
    this.#table.set(lease.address, lease);
  }

  /** Forgets that an address was ever given away. */
  drop(address: Ipv4Addr): void {
    this.#table.delete(address);
  }

  /** The bound lease with this host name. */
  named(hostName: string, now: Nanos): Lease | undefined {
    for (const lease of this.#table.values())
      if (lease.hostName === hostName && lease.state === 'bound' && !isOver(lease, now)) return lease;
    return undefined;
  }

  /** By address. */
  list(): readonly Lease[] {
    return [...this.#table.values()].sort((a, b) => a.address - b.address);
  }

  /** Leases outside the pool are left out. */
  restore(leases: readonly Lease[]): void {
    this.#table.clear();
    for (const lease of leases) if (this.contains(lease.address)) this.#table.set(lease.address, lease);
  }
}

/** A released lease is over at once, the others when their time has come. */
export const isOver = (lease: Lease, now: Nanos): boolean => lease.state === 'released' || lease.until <= now;
