/**
 * The DHCP server on UDP port 67: `answer.ts` on a socket. Follows RFC 2131; messages are at least 300 bytes long (RFC 1542 §2.1).
 * Its leases are also names: the DNS server asks `addressOf` and `nameOf`.
 */
import { IPV4_BROADCAST, sameNetwork, type Ipv4Addr } from '../../base/address.ts';
import type { Clock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import {
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  dhcpLength,
  parseDhcp,
  putDhcp,
  type DhcpFault,
} from '../../wire/dhcpv4.ts';
import type { Service, ServiceHost } from '../service.ts';
import { UdpServer } from '../udp-server.ts';
import {
  answerDhcp,
  isHost,
  LAB_DHCP,
  type DhcpAnswer,
  type DhcpConfig,
  type DhcpSilence,
} from './answer.ts';
import { isOver, Leases, type Lease } from './leases.ts';

const BOOTP_LENGTH = 300;

/** Messages answered, and messages not answered by reason. */
export type DhcpCounters = Record<'answered' | DhcpFault | DhcpSilence, number>;

export interface DhcpState {
  readonly leases: readonly Lease[];
  readonly counters: DhcpCounters;
}

export class DhcpServer implements Service {
  readonly name = 'dhcp';
  readonly config: DhcpConfig;
  readonly counters: DhcpCounters = {
    answered: 0,
    truncated: 0,
    'not-ethernet': 0,
    'no-magic-cookie': 0,
    'not-a-request': 0,
    relayed: 0,
    'bad-hardware-address': 0,
    bootp: 0,
    'unknown-type': 0,
    'pool-exhausted': 0,
    'other-server': 0,
    'no-address': 0,
    declined: 0,
    released: 0,
  };
  readonly #leases: Leases;
  #clock: Clock | null = null;

  /** Throws on a pool that is empty, too large or not within one network: a mistake in the configuration. */
  constructor(config: Partial<DhcpConfig> = {}) {
    this.config = { ...LAB_DHCP, ...config };
    const { pool, prefix } = this.config;
    const { reservations } = this.config;
    this.#leases = new Leases(pool, reservations);
    if (
      reservations.some((r) => !isHost(this.config, r.address)) ||
      !sameNetwork(pool.first, pool.last, prefix) ||
      !isHost(this.config, pool.first) ||
      !isHost(this.config, pool.last)
    )
      throw new Error('a DHCP pool holds addresses of hosts of one network');
  }

  start(host: ServiceHost): Disposable {
    this.#clock = host.clock;
    const udp = new UdpServer(host, this.name, DHCP_SERVER_PORT, (_from, data) => {
      const request = parseDhcp(data, 0, data.length);
      const answer =
        typeof request === 'string'
          ? request
          : answerDhcp(this.config, host.address, this.#leases, request, host.clock.now());
      if (typeof answer === 'string') {
        this.counters[answer]++;
        return;
      }
      this.counters.answered++;
      send(host, udp, answer);
    });
    return udp;
  }

  /** The table: what is given away, kept for a client that may come back, or set aside. */
  leases(): readonly Lease[] {
    return this.#leases.list();
  }

  /** The address of the client that gave this host name (lower case, without domain); null: nobody holds it now. */
  addressOf(hostName: string): Ipv4Addr | null {
    return this.#leases.named(hostName, this.#now())?.address ?? null;
  }

  /** The host name of the client that holds this address; null: none is known. */
  nameOf(address: Ipv4Addr): string | null {
    const lease = this.#leases.at(address);
    return lease?.state === 'bound' && !isOver(lease, this.#now()) ? lease.hostName : null;
  }

  save(): DhcpState {
    return { leases: this.#leases.list(), counters: { ...this.counters } };
  }

  restore(state: DhcpState): void {
    this.#leases.restore(state.leases);
    Object.assign(this.counters, state.counters);
  }

  #now(): number {
    return this.#clock?.now() ?? 0;
  }
}

function send(host: ServiceHost, udp: UdpServer, { message, route }: DhcpAnswer): void {
  const bytes = new Uint8Array(Math.max(BOOTP_LENGTH, dhcpLength(message)));
  putDhcp(bytes, 0, message, bytes.length);
  if (route.kind === 'relay') udp.send(endpoint4(route.address, DHCP_SERVER_PORT), bytes);
  else if (route.kind === 'unicast') udp.send(endpoint4(route.address, DHCP_CLIENT_PORT), bytes);
  else if (route.kind === 'hardware' && host.addNeighbour) {
    host.addNeighbour(route.address, route.mac);
    udp.send(endpoint4(route.address, DHCP_CLIENT_PORT), bytes);
  } else udp.send(endpoint4(IPV4_BROADCAST, DHCP_CLIENT_PORT), bytes);
}
