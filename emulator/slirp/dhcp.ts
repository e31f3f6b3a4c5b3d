/**
 * The DHCP and BOOTP server of the virtual network. Follows RFC 951, RFC 2131, RFC 2132 as far as slirp does: DISCOVER and REQUEST, sixteen
 * leases that never end, answers of 590 bytes by broadcast with options in slirp's order. Leaves out RELEASE, DECLINE, INFORM, relays and
 * the client's parameter list.
 */
import { IPV4_ANY, IPV4_BROADCAST, MAC_NONE, prefixMask } from '../base/address.ts';
import type { Ipv4Addr, MacAddr } from '../base/address.ts';
import { latin1Bytes, u32be, u48be } from '../base/bytes.ts';
import {
  BLANK_DHCP, BOOTREPLY, BOOTREQUEST, DHCPACK, DHCPDISCOVER, DHCPNAK, DHCPOFFER, DHCPREQUEST, OPT_DNS, OPT_DOMAIN_NAME,
  OPT_HOST_NAME, OPT_LEASE_TIME, OPT_MESSAGE, OPT_MESSAGE_TYPE, OPT_REQUESTED_IP, OPT_ROUTER, OPT_SERVER_ID,
  OPT_SUBNET_MASK, OPT_VENDOR_CLASS, addressOption, dhcpAddress, dhcpLength, dhcpMessageType, parseDhcp, u32Option,
  type Dhcp, type DhcpOption,
} from '../wire/dhcpv4.ts'; // prettier-ignore
import { encodeName } from '../wire/dns.ts';
import type { SlirpConfig } from './config.ts';
import type { Counters } from './counters.ts';

const OPT_TFTP_SERVER_NAME = 66;
const OPT_DOMAIN_SEARCH = 119;
/** UDP payload of each answer: 236 bytes of BOOTP and an options area of 312. */
export const DHCP_ANSWER = 548;
/** TOS of the answers: low delay. */
export const DHCP_TOS = 0x10;
const LEASE_SECONDS = 86_400;
const HOST_NAME_MAX = 32;

export interface DhcpState {
  /** MAC of each slot, 0 for a free one. */
  readonly leases: readonly MacAddr[];
}

/** A message to broadcast, and the guest it names if it gives an address. */
export interface DhcpAnswer {
  readonly message: Dhcp;
  readonly learnt: { readonly addr: Ipv4Addr; readonly mac: MacAddr } | null;
}

export class DhcpServer {
  readonly #config: SlirpConfig;
  readonly #counters: Counters;
  #leases: MacAddr[];

  constructor(config: SlirpConfig, counters: Counters) {
    this.#config = config;
    this.#counters = counters;
    this.#leases = new Array<MacAddr>(config.dhcpLeases).fill(MAC_NONE);
  }

  /** The answer to the message `b[at..end)` sent to port 67; null: silence. */
  receive(b: Uint8Array, at: number, end: number): DhcpAnswer | null {
    const parsed = parseDhcp(b, at, end);
    // Plain BOOTP need not carry RFC 1497's cookie; it is then a request without options.
    const request = parsed === 'no-magic-cookie' ? bootp(b, at) : parsed;
    if (typeof request === 'string') {
      this.#counters.add(`dhcp-${request}`);
      return null;
    }
    if (request.op !== BOOTREQUEST) {
      this.#counters.add('dhcp-not-a-request');
      return null;
    }
    const type = dhcpMessageType(request);
    if (type === DHCPDISCOVER) return this.#discover(request);
    if (type === DHCPREQUEST || type === 0) return this.#request(request);
    this.#counters.add('dhcp-ignored');
    return null;
  }

  /** Addresses given out. */
  leases(): readonly { readonly addr: Ipv4Addr; readonly mac: MacAddr }[] {
    return this.#leases.flatMap((mac, slot) =>
      mac === MAC_NONE ? [] : [{ addr: this.#address(slot), mac }],
    );
  }

  save(): DhcpState {
    return { leases: [...this.#leases] };
  }

  restore(state: DhcpState): void {
    this.#leases = [...state.leases];
  }

  #discover(request: Dhcp): DhcpAnswer | null {
    const wished = dhcpAddress(request, OPT_REQUESTED_IP);
    let slot = wished === null ? -1 : this.#slotFor(wished, request.chaddr);
    if (slot < 0) slot = this.#firstSlot(request.chaddr);
    if (slot < 0) {
      this.#counters.add('dhcp-pool-empty');
      return null;
    }
    return this.#grant(request, DHCPOFFER, slot);
  }

  #request(request: Dhcp): DhcpAnswer | null {
    const ciaddr = request.ciaddr === IPV4_ANY ? null : request.ciaddr;
    const wished = dhcpAddress(request, OPT_REQUESTED_IP) ?? ciaddr;
    if (wished !== null) {
      const slot = this.#slotFor(wished, request.chaddr);
      return slot < 0 ? this.#refuse(request) : this.#grant(request, DHCPACK, slot);
    }
    // No address asked for: old Windows and BOOTP clients get their lease, or a new one.
    const own = this.#leases.indexOf(request.chaddr);
    const slot = own >= 0 ? own : this.#firstSlot(request.chaddr);
    if (slot < 0) {
      this.#counters.add('dhcp-pool-empty');
      return null;
    }
    return this.#grant(request, DHCPACK, slot);
  }

  #address(slot: number): Ipv4Addr {
    return (this.#config.dhcpStart + slot) as Ipv4Addr;
  }

  /** The slot of an address that is free or this client's; -1: neither, or not in the pool. */
  #slotFor(addr: Ipv4Addr, mac: MacAddr): number {
    const slot = addr - this.#config.dhcpStart;
    const holder = this.#leases[slot];
    return holder === mac || holder === MAC_NONE ? slot : -1;
  }

  /** The first slot that is free or already this client's. */
  #firstSlot(mac: MacAddr): number {
    return this.#leases.findIndex((holder) => holder === mac || holder === MAC_NONE);
  }

  #grant(request: Dhcp, type: number, slot: number): DhcpAnswer {
    const { chaddr } = request;
    const addr = this.#address(slot);
    this.#leases[slot] = chaddr;
    this.#counters.add(type === DHCPOFFER ? 'dhcp-offers' : 'dhcp-acks');
    return {
      message: {
        ...this.#answer(request),
        yiaddr: addr,
        siaddr: this.#config.host,
        options: this.#options(type),
      },
      learnt: { addr, mac: chaddr },
    };
  }

  #refuse(request: Dhcp): DhcpAnswer {
    const { host, profile } = this.#config;
    this.#counters.add('dhcp-naks');
    const text = { code: OPT_MESSAGE, data: latin1Bytes('requested address not available') };
    const type = { code: OPT_MESSAGE_TYPE, data: Uint8Array.of(DHCPNAK) };
    return {
      message: {
        ...this.#answer(request),
        yiaddr: profile.nakByTheBook ? IPV4_ANY : IPV4_BROADCAST,
        options: profile.nakByTheBook ? [type, addressOption(OPT_SERVER_ID, host), text] : [type, text],
      },
      learnt: null,
    };
  }

  #answer(request: Dhcp): Dhcp {
    const { bootfile } = this.#config;
    return { ...BLANK_DHCP, op: BOOTREPLY, xid: request.xid, chaddr: request.chaddr, file: bootfile };
  }

  /** In slirp's order; one that does not fit the options area is left out and counted. */
  #options(type: number): DhcpOption[] {
    const c = this.#config;
    const wanted: DhcpOption[] = [
      { code: OPT_MESSAGE_TYPE, data: Uint8Array.of(type) },
      addressOption(OPT_SERVER_ID, c.host),
      u32Option(OPT_SUBNET_MASK, prefixMask(c.prefix)),
    ];
    if (!c.restricted) {
      wanted.push(addressOption(OPT_ROUTER, c.host));
      if (!c.disableDns) wanted.push(addressOption(OPT_DNS, c.dns));
    }
    wanted.push(u32Option(OPT_LEASE_TIME, LEASE_SECONDS));
    const text = (code: number, value: string): void => {
      if (value !== '') wanted.push({ code, data: latin1Bytes(value) });
    };
    text(OPT_HOST_NAME, c.hostname.slice(0, HOST_NAME_MAX));
    text(OPT_DOMAIN_NAME, c.domainName);
    text(OPT_TFTP_SERVER_NAME, c.tftpServerName);
    const search = searchList(c.dnsSearch);
    if (search.length > 0) wanted.push({ code: OPT_DOMAIN_SEARCH, data: search });
    if (/^https?:\/\//.test(c.bootfile)) text(OPT_VENDOR_CLASS, 'HTTPClient');
    const options: DhcpOption[] = [];
    for (const option of wanted) {
      const grown = [...options, option];
      const length = dhcpLength({ ...BLANK_DHCP, options: grown });
      if (option.data.length <= 255 && length <= DHCP_ANSWER) options.push(option);
      else this.#counters.add('dhcp-option-left-out');
    }
    return options;
  }
}

/** RFC 3397 without compression, which it permits. Names that cannot be encoded are left out. */
function searchList(names: readonly string[]): Uint8Array {
  const encoded = names.map(encodeName).filter((n) => n !== null);
  const out = new Uint8Array(encoded.reduce((sum, n) => sum + n.length, 0));
  let at = 0;
  for (const name of encoded) {
    out.set(name, at);
    at += name.length;
  }
  return out;
}

/** The fixed part of a BOOTP request that `parseDhcp` found long enough. */
const bootp = (b: Uint8Array, at: number): Dhcp => ({
  ...BLANK_DHCP,
  op: b[at]!,
  xid: u32be(b, at + 4),
  ciaddr: u32be(b, at + 12) as Ipv4Addr,
  chaddr: u48be(b, at + 28) as MacAddr,
});
