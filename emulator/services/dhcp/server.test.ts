import { describe, expect, it } from 'vitest';
import { formatIpv4, IPV4_ANY, IPV4_BROADCAST, ipv4, mac, type Ipv4Addr } from '../../base/address.ts';
import { hex, latin1, latin1Bytes } from '../../base/bytes.ts';
import { SECOND } from '../../base/clock.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { Xoshiro128 } from '../../base/random.ts';
import * as D from '../../wire/dhcpv4.ts';
import { fakeHost } from '../testing/fake-sockets.ts';
import { plainCopy } from '../../base/testing/plain-copy.ts';
import type { DhcpConfig } from './answer.ts';
import { DhcpServer } from './server.ts';

const FILER = ipv4('192.168.76.2');
const MAC1 = mac('52:54:00:12:34:56');
const MAC2 = mac('52:54:00:12:34:57');
const blank = endpoint4(IPV4_ANY, 68);

interface Ask {
  readonly type: number;
  readonly mac?: number;
  readonly wanted?: string;
  readonly server?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly flags?: number;
  readonly id?: Uint8Array;
  readonly host?: string;
  readonly list?: readonly number[];
  readonly op?: number;
}

function message(ask: Ask): D.Dhcp {
  const options: D.DhcpOption[] = [];
  if (ask.type > 0) options.push({ code: D.OPT_MESSAGE_TYPE, data: Uint8Array.of(ask.type) });
  if (ask.id) options.push({ code: D.OPT_CLIENT_ID, data: ask.id });
  if (ask.wanted) options.push(D.addressOption(D.OPT_REQUESTED_IP, ipv4(ask.wanted)));
  if (ask.server) options.push(D.addressOption(D.OPT_SERVER_ID, ipv4(ask.server)));
  if (ask.host) options.push({ code: D.OPT_HOST_NAME, data: latin1Bytes(ask.host) });
  if (ask.list) options.push({ code: D.OPT_PARAMETER_LIST, data: Uint8Array.from(ask.list) });
  return {
    ...D.BLANK_DHCP,
    op: ask.op ?? D.BOOTREQUEST,
    xid: 0x12345678,
    secs: 3,
    flags: ask.flags ?? 0,
    ciaddr: ipv4(ask.ciaddr ?? '0.0.0.0'),
    giaddr: ipv4(ask.giaddr ?? '0.0.0.0'),
    chaddr: (ask.mac ?? MAC1) as typeof MAC1,
    options,
  };
}

function started(config: Partial<DhcpConfig> = {}) {
  const host = fakeHost();
  const dhcp = new DhcpServer(config);
  const running = dhcp.start(host);
  const ask = (what: Ask) => {
    const m = message(what);
    const bytes = new Uint8Array(D.dhcpLength(m));
    D.putDhcp(bytes, 0, m, bytes.length);
    host.sockets.arrive(67, blank, bytes);
    host.sockets.settle();
    const out = host.sockets.sent.pop();
    if (!out) return null;
    const reply = D.parseDhcp(out.data, 0, out.data.length);
    if (typeof reply === 'string') throw new Error(reply);
    return {
      ...out,
      reply,
      type: D.dhcpMessageType(reply),
      yiaddr: formatIpv4(reply.yiaddr),
      codes: reply.options.map((o) => o.code),
    };
  };
  /** DISCOVER and REQUEST; the address. */
  const join = (what: Partial<Ask> = {}): string => {
    const offer = ask({ type: D.DHCPDISCOVER, ...what })!;
    const ack = ask({ type: D.DHCPREQUEST, wanted: offer.yiaddr, server: '192.168.76.2', ...what })!;
    expect(ack.type).toBe(D.DHCPACK);
    return ack.yiaddr;
  };
  return { host, dhcp, running, ask, join };
}

describe('a DHCP answer', () => {
  it('is, to the byte, what RFC 951, 2131 and 2132 lay down', () => {
    const { host, ask } = started();
    const offer = ask({ type: D.DHCPDISCOVER, host: 'vm1' })!;
    expect(offer.to).toEqual(endpoint4(ipv4('192.168.76.100'), 68));
    expect(host.neighbours).toEqual([{ ip: ipv4('192.168.76.100'), mac: MAC1 }]);
    const bytes = hex(offer.data);
    expect(bytes.slice(0, 88)).toBe(
      // op htype hlen hops, xid, secs flags, ciaddr, yiaddr, siaddr, giaddr, chaddr
      '02010600' + '12345678' + '00000000' + '00000000' + 'c0a84c64' + 'c0a84c02' + '00000000' + '525400123456' + '00000000000000000000',
    ); // prettier-ignore
    expect(bytes.slice(2 * 44, 2 * 236)).toBe('00'.repeat(192));
    expect(bytes.slice(2 * 236)).toBe(
      (
        '63825363' + '350102' + '3604c0a84c02' + '330400000e10' + '3a0400000708' + '3b0400000c4e' +
        '0104ffffff00' + '1c04c0a84cff' + '0604c0a84c02' + '0f036c6162' + '0c03766d31' + 'ff'
      ).padEnd(2 * 64, '0'),
    ); // prettier-ignore
    expect(offer.data.length).toBe(300);
  });

  it('holds only the parameters the client lists', () => {
    const { ask } = started({ routers: [ipv4('192.168.76.1')] });
    // The list udhcpc sends: subnet, router, DNS, host name, domain, broadcast, NTP.
    expect(ask({ type: D.DHCPDISCOVER, list: [1, 3, 6, 12, 15, 28, 42] })!.codes).toEqual([
      53, 54, 51, 58, 59, 1, 28, 3, 6, 15,
    ]);
    expect(ask({ type: D.DHCPDISCOVER, list: [1] })!.codes).toEqual([53, 54, 51, 58, 59, 1]);
  });

  it('goes to the broadcast address when the client asks for it, or when the host cannot set a neighbour', () => {
    const { ask, host } = started();
    expect(ask({ type: D.DHCPDISCOVER, flags: 0x8000 })!.to).toEqual(endpoint4(IPV4_BROADCAST, 68));
    expect(host.neighbours).toEqual([]);
    const { addNeighbour: _, ...plain } = fakeHost();
    new DhcpServer().start(plain);
    const m = message({ type: D.DHCPDISCOVER });
    const bytes = new Uint8Array(300);
    D.putDhcp(bytes, 0, m, 300);
    plain.sockets.arrive(67, blank, bytes);
    plain.sockets.settle();
    expect(plain.sockets.sent[0]!.to).toEqual(endpoint4(IPV4_BROADCAST, 68));
  });
});

describe('a DHCP server', () => {
  it('gives the first free address and gives a client the same one again', () => {
    const { join } = started();
    expect(join()).toBe('192.168.76.100');
    expect(join({ mac: MAC2 })).toBe('192.168.76.101');
    expect(join()).toBe('192.168.76.100');
  });

  it('gives the address asked for when nobody remembers it', () => {
    const { ask, join } = started();
    expect(ask({ type: D.DHCPDISCOVER, wanted: '192.168.76.150' })!.yiaddr).toBe('192.168.76.150');
    join({ mac: MAC2, wanted: '192.168.76.160' });
    const third = mac('52:54:00:00:00:03');
    expect(ask({ type: D.DHCPDISCOVER, mac: third, wanted: '192.168.76.160' })!.yiaddr).toBe(
      '192.168.76.100',
    );
    expect(ask({ type: D.DHCPDISCOVER, mac: third, wanted: '10.0.2.15' })!.yiaddr).toBe('192.168.76.100');
  });

  it('knows a client by its identifier, and takes one that repeats the MAC for the MAC', () => {
    const { join } = started();
    expect(join()).toBe('192.168.76.100');
    expect(join({ id: Uint8Array.of(1, 0x52, 0x54, 0, 0x12, 0x34, 0x56) })).toBe('192.168.76.100');
    expect(join({ id: latin1Bytes('another') })).toBe('192.168.76.101');
    expect(join({ id: latin1Bytes('another'), mac: MAC2 })).toBe('192.168.76.101');
  });

  it('acknowledges a renewal to the address in use', () => {
    const { ask, join, host } = started();
    join();
    host.sockets.pass(1800 * SECOND);
    host.neighbours.length = 0;
    const ack = ask({ type: D.DHCPREQUEST, ciaddr: '192.168.76.100' })!;
    expect(ack.type).toBe(D.DHCPACK);
    expect(ack.to).toEqual(endpoint4(ipv4('192.168.76.100'), 68));
    expect(formatIpv4(ack.reply.ciaddr)).toBe('192.168.76.100');
    expect(host.neighbours).toEqual([]);
    // The lease runs from now: 3599 s later it still stands.
    host.sockets.pass(3599 * SECOND);
    expect(ask({ type: D.DHCPDISCOVER, mac: MAC2 })!.yiaddr).toBe('192.168.76.101');
  });

  it('refuses, by broadcast, an address of another network to a client that comes from the NAT path', () => {
    const { ask } = started();
    const nak = ask({ type: D.DHCPREQUEST, wanted: '10.0.2.15' })!;
    expect(nak.type).toBe(D.DHCPNAK);
    expect(nak.to).toEqual(endpoint4(IPV4_BROADCAST, 68));
    expect(nak.codes).toEqual([53, 54, 56]);
    expect(latin1(D.dhcpOption(nak.reply, D.OPT_MESSAGE)!)).toBe('wrong network');
    expect([nak.reply.yiaddr, nak.reply.siaddr, nak.reply.ciaddr]).toEqual([0, 0, 0]);
    // The same for one that still uses it.
    expect(ask({ type: D.DHCPREQUEST, ciaddr: '10.0.2.15' })!.to).toEqual(endpoint4(IPV4_BROADCAST, 68));
  });

  it('refuses an address that another client holds, and one outside the pool', () => {
    const { ask, join } = started();
    join();
    const nak = ask({ type: D.DHCPREQUEST, mac: MAC2, wanted: '192.168.76.100', server: '192.168.76.2' })!;
    expect(latin1(D.dhcpOption(nak.reply, D.OPT_MESSAGE)!)).toBe('address in use');
    expect(ask({ type: D.DHCPREQUEST, wanted: '192.168.76.10' })!.type).toBe(D.DHCPNAK);
  });

  it('is authoritative: it acknowledges a free address to a client it does not know (it was restarted)', () => {
    const { ask } = started();
    expect(ask({ type: D.DHCPREQUEST, wanted: '192.168.76.140' })!.type).toBe(D.DHCPACK);
    expect(ask({ type: D.DHCPREQUEST, mac: MAC2, wanted: '192.168.76.140' })!.type).toBe(D.DHCPNAK);
  });

  it('does not believe an address in use that is not the one it gives', () => {
    const { ask } = started();
    const ack = ask({
      type: D.DHCPREQUEST,
      wanted: '192.168.76.140',
      server: '192.168.76.2',
      ciaddr: '8.8.8.8',
    })!;
    expect(ack.to).toEqual(endpoint4(ipv4('192.168.76.140'), 68));
    expect(ack.reply.ciaddr).toBe(0);
  });

  it('forgets its offer and is silent when the client chose another server', () => {
    const { ask, dhcp } = started();
    ask({ type: D.DHCPDISCOVER });
    expect(dhcp.leases()).toHaveLength(1);
    expect(ask({ type: D.DHCPREQUEST, wanted: '192.168.76.50', server: '192.168.76.9' })).toBeNull();
    expect(dhcp.leases()).toHaveLength(0);
    expect(dhcp.counters['other-server']).toBe(1);
  });

  it('keeps an offer for a minute', () => {
    const { ask, host } = started();
    expect(ask({ type: D.DHCPDISCOVER })!.yiaddr).toBe('192.168.76.100');
    expect(ask({ type: D.DHCPREQUEST, mac: MAC2, wanted: '192.168.76.100' })!.type).toBe(D.DHCPNAK);
    host.sockets.pass(60 * SECOND);
    expect(ask({ type: D.DHCPREQUEST, mac: MAC2, wanted: '192.168.76.100' })!.type).toBe(D.DHCPACK);
  });

  it('leaves a declined address alone for ten minutes and gives the client another', () => {
    const { ask, join, host } = started({
      pool: { first: ipv4('192.168.76.100'), last: ipv4('192.168.76.101') },
    });
    join();
    expect(ask({ type: D.DHCPDECLINE, wanted: '192.168.76.100', server: '192.168.76.2' })).toBeNull();
    expect(join()).toBe('192.168.76.101');
    expect(ask({ type: D.DHCPDISCOVER, mac: MAC2 })).toBeNull();
    host.sockets.pass(600 * SECOND);
    expect(ask({ type: D.DHCPDISCOVER, mac: MAC2 })!.yiaddr).toBe('192.168.76.100');
  });

  it('lets nobody decline or release the lease of another', () => {
    const { ask, join, dhcp } = started();
    join();
    ask({ type: D.DHCPDECLINE, mac: MAC2, wanted: '192.168.76.100', server: '192.168.76.2' });
    ask({ type: D.DHCPRELEASE, mac: MAC2, ciaddr: '192.168.76.100', server: '192.168.76.2' });
    expect(dhcp.leases().map((l) => l.state)).toEqual(['bound']);
  });

  it('gives a released address to its old holder, and to others only when none is new', () => {
    const { ask, join } = started({
      pool: { first: ipv4('192.168.76.100'), last: ipv4('192.168.76.102') },
    });
    join();
    expect(ask({ type: D.DHCPRELEASE, ciaddr: '192.168.76.100', server: '192.168.76.2' })).toBeNull();
    expect(join({ mac: MAC2 })).toBe('192.168.76.101');
    expect(join()).toBe('192.168.76.100');
    ask({ type: D.DHCPRELEASE, ciaddr: '192.168.76.100', server: '192.168.76.2' });
    expect(join({ mac: mac('52:54:00:00:00:03') })).toBe('192.168.76.102');
    expect(join({ mac: mac('52:54:00:00:00:04') })).toBe('192.168.76.100');
  });

  it('is silent when the pool is exhausted and goes on when a lease expires', () => {
    const { ask, join, host, dhcp } = started();
    for (let i = 0; i < 100; i++) join({ mac: 0x020000000000 + i });
    expect(ask({ type: D.DHCPDISCOVER })).toBeNull();
    expect(dhcp.counters['pool-exhausted']).toBe(1);
    host.sockets.pass(3600 * SECOND);
    expect(ask({ type: D.DHCPDISCOVER })!.yiaddr).toBe('192.168.76.100');
  });

  it('tells a host with a fixed address the parameters, without a lease', () => {
    const { ask, dhcp } = started();
    const ack = ask({ type: D.DHCPINFORM, ciaddr: '192.168.76.20' })!;
    expect(ack.to).toEqual(endpoint4(ipv4('192.168.76.20'), 68));
    expect(ack.codes).toEqual([53, 54, 1, 28, 6, 15]);
    expect([formatIpv4(ack.reply.ciaddr), ack.yiaddr]).toEqual(['192.168.76.20', '0.0.0.0']);
    expect(dhcp.leases()).toEqual([]);
    expect(ask({ type: D.DHCPINFORM, ciaddr: '192.168.76.255' })).toBeNull();
    expect(ask({ type: D.DHCPINFORM })).toBeNull();
  });

  it('ignores relayed messages unless told to take them, and then answers the relay', () => {
    const quiet = started();
    expect(quiet.ask({ type: D.DHCPDISCOVER, giaddr: '192.168.76.1' })).toBeNull();
    expect(quiet.dhcp.counters.relayed).toBe(1);
    const { ask } = started({ relayed: true });
    const relay = endpoint4(ipv4('192.168.76.1'), 67);
    expect(ask({ type: D.DHCPDISCOVER, giaddr: '192.168.76.1' })!.to).toEqual(relay);
    const nak = ask({ type: D.DHCPREQUEST, giaddr: '192.168.76.1', wanted: '10.0.2.15' })!;
    expect(nak.to).toEqual(relay);
    expect(nak.reply.flags).toBe(0x8000);
    expect(ask({ type: D.DHCPDISCOVER, giaddr: '10.9.9.9' })).toBeNull();
  });

  it('counts what it does not understand, by reason', () => {
    const { ask, dhcp, host } = started();
    expect(ask({ type: 0 })).toBeNull();
    expect(ask({ type: 13 })).toBeNull();
    expect(ask({ type: D.DHCPDISCOVER, op: D.BOOTREPLY })).toBeNull();
    expect(ask({ type: D.DHCPDISCOVER, mac: 0xffffffffffff })).toBeNull();
    expect(ask({ type: D.DHCPREQUEST })).toBeNull();
    host.sockets.arrive(67, blank, new Uint8Array(239));
    host.sockets.settle();
    expect(dhcp.counters).toMatchObject({
      answered: 0,
      bootp: 1,
      'unknown-type': 1,
      'not-a-request': 1,
      'bad-hardware-address': 1,
      'no-address': 1,
      truncated: 1,
    });
  });

  it('knows host names of clients as long as their leases live; the newest client has a disputed name', () => {
    const { join, dhcp, host, ask } = started();
    join({ host: 'VM1.lab' });
    expect(dhcp.addressOf('vm1')).toBe(ipv4('192.168.76.100'));
    expect(dhcp.nameOf(ipv4('192.168.76.100'))).toBe('vm1');
    // A renewal without the option does not take the name away.
    ask({ type: D.DHCPREQUEST, ciaddr: '192.168.76.100' });
    expect(dhcp.addressOf('vm1')).toBe(ipv4('192.168.76.100'));
    join({ mac: MAC2, host: 'vm1' });
    expect(dhcp.addressOf('vm1')).toBe(ipv4('192.168.76.101'));
    expect(dhcp.nameOf(ipv4('192.168.76.100'))).toBeNull();
    join({ mac: mac('52:54:00:00:00:03'), host: '-bad_name' });
    expect(dhcp.nameOf(ipv4('192.168.76.102'))).toBeNull();
    host.sockets.pass(3600 * SECOND);
    expect(dhcp.addressOf('vm1')).toBeNull();
    expect(dhcp.nameOf(ipv4('192.168.76.101'))).toBeNull();
  });

  it('goes on with its leases after they went through plain data', () => {
    const { join, dhcp } = started();
    join({ host: 'vm1' });
    const second = started();
    second.dhcp.restore(plainCopy(dhcp.save()));
    expect(second.dhcp.save()).toEqual(dhcp.save());
    expect(second.join({ mac: MAC2 })).toBe('192.168.76.101');
    expect(second.join()).toBe('192.168.76.100');
  });

  it('survives any bytes, and its table stays within the pool', () => {
    const { host, dhcp } = started();
    const random = new Xoshiro128(11);
    for (let i = 0; i < 3000; i++) {
      const m = message({
        type: random.below(10),
        mac: 0x020000000000 + random.below(300),
        wanted: formatIpv4((0xc0a84c00 + random.below(256)) as Ipv4Addr),
        ...(random.below(2) ? { server: formatIpv4(FILER) } : {}),
        ...(random.below(2) ? { ciaddr: `192.168.76.${random.below(256)}` } : {}),
        host: `vm${random.below(20)}`,
      });
      const bytes = new Uint8Array(D.dhcpLength(m));
      D.putDhcp(bytes, 0, m, bytes.length);
      if (random.below(2)) for (let k = 0; k < 4; k++) bytes[random.below(bytes.length)] = random.below(256);
      host.sockets.arrive(67, blank, bytes.subarray(0, random.below(8) ? bytes.length : random.below(300)));
      host.sockets.pass(random.below(10) ? 0 : 100 * SECOND);
      const leases = dhcp.leases();
      expect(leases.length).toBeLessThanOrEqual(100);
      const live = leases.filter((l) => l.state !== 'declined').map((l) => l.client);
      expect(new Set(live).size).toBe(live.length);
      for (const { to } of host.sockets.sent.splice(0)) {
        const address = to.ip.family === 4 ? to.ip.v4 : 0;
        expect(address === IPV4_BROADCAST || address >>> 8 === 0xc0a84c).toBe(true);
      }
    }
  });

  it('refuses a pool that spans networks or is too large', () => {
    const pool = (first: string, last: string) => () =>
      new DhcpServer({ pool: { first: ipv4(first), last: ipv4(last) } });
    expect(pool('192.168.76.100', '192.168.77.1')).toThrow('one network');
    expect(pool('192.168.76.0', '192.168.76.9')).toThrow('one network');
    expect(pool('192.168.76.100', '192.168.76.99')).toThrow('1 to 1024');
    expect(pool('10.0.0.1', '10.9.0.1')).toThrow('1 to 1024');
  });

  it('leaves no timer and no port behind when it is stopped', () => {
    const { host, running } = started();
    running.dispose();
    expect([host.clock.leftover, host.sockets.ports]).toEqual([0, 0]);
  });
});
