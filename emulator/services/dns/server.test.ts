import { describe, expect, it } from 'vitest';
import { formatIpv4, ipv4, type Ipv4Addr } from '../../base/address.ts';
import { hex, hexBytes, latin1Bytes, put16be, u16be, u32be } from '../../base/bytes.ts';
import { SECOND } from '../../base/clock.ts';
import { endpoint4 } from '../../base/host-sockets.ts';
import { Xoshiro128 } from '../../base/random.ts';
import { emitDns, parseDns, TYPE_A, TYPE_AAAA, TYPE_ANY, TYPE_PTR, type Dns } from '../../wire/dns.ts';
import { fakeHost } from '../testing/fake-sockets.ts';
import { DnsServer } from './server.ts';
import type { LearntNames, ZoneConfig } from './zone.ts';

const client = endpoint4(ipv4('192.168.76.100'), 50_000);

const query = (name: string, type = TYPE_A, more: Partial<Dns> = {}): Uint8Array =>
  emitDns({
    id: 0x1234,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name, type, class: 1 }],
    answers: [],
    ...more,
  });

/** An OPT record that offers `payload` bytes, added to a query. */
function withEdns(message: Uint8Array, payload: number, version = 0): Uint8Array {
  const out = new Uint8Array(message.length + 11);
  out.set(message);
  put16be(out, 10, u16be(out, 10) + 1);
  put16be(out, message.length + 1, 41);
  put16be(out, message.length + 3, payload);
  out[message.length + 6] = version;
  return out;
}

function started(config: Partial<ZoneConfig> = {}, learnt: LearntNames | null = null) {
  const host = fakeHost();
  const dns = new DnsServer(config, learnt);
  const running = dns.start(host);
  const raw = (bytes: Uint8Array): Uint8Array | null => {
    host.sockets.arrive(53, client, bytes);
    host.sockets.settle();
    return host.sockets.sent.pop()?.data ?? null;
  };
  const ask = (name: string, type = TYPE_A): Dns => {
    const reply = parseDns(raw(query(name, type))!, 0, 9999);
    if (typeof reply === 'string') throw new Error(reply);
    return reply;
  };
  const addresses = (name: string): string[] =>
    ask(name).answers.map((r) => formatIpv4(u32be(r.data, 0) as Ipv4Addr));
  return { host, dns, running, raw, ask, addresses };
}

describe('a DNS answer', () => {
  it('is, to the byte, what RFC 1035 lays down', () => {
    const { raw } = started();
    expect(hex(raw(query('filer.lab'))!)).toBe(
      '1234' + '8580' + '0001' + '0001' + '0000' + '0000' + '0566696c6572036c616200' + '0001' + '0001' +
      'c00c' + '0001' + '0001' + '0000003c' + '0004' + 'c0a84c02',
    ); // prettier-ignore
  });

  it('keeps the spelling of the question', () => {
    const { raw } = started();
    const asked = query('filer.lab');
    asked.set(latin1Bytes('FiLeR'), 13);
    const reply = raw(asked)!;
    expect(reply.slice(12, 27)).toEqual(asked.slice(12, 27));
    expect(reply[7]).toBe(1);
  });

  it('says NXDOMAIN with the SOA for a name the lab does not have', () => {
    const { raw } = started();
    expect(hex(raw(query('gone.lab'))!)).toBe(
      '1234' + '8583' + '0001' + '0000' + '0001' + '0000' + '04676f6e65036c616200' + '0001' + '0001' +
      '036c616200' + '0006' + '0001' + '0000003c' + '002f' +
      '0566696c6572036c616200' + '0a686f73746d6173746572036c616200' +
      '77fcb9a4' + '00000e10' + '00000258' + '00015180' + '0000003c',
    ); // prettier-ignore
  });
});

describe('a DNS server', () => {
  it('knows the machines of the lab by name and by address', () => {
    const { ask, addresses } = started();
    expect(['filer.lab', 'alpha.lab', 'beta.lab', 'gateway.lab'].map(addresses)).toEqual([
      ['192.168.76.2'],
      ['192.168.76.10'],
      ['192.168.76.20'],
      ['10.0.2.2'],
    ]);
    const pointer = ask('10.76.168.192.in-addr.arpa', TYPE_PTR);
    expect(pointer.answers.map((r) => hex(r.data))).toEqual(['05616c706861036c616200']);
    expect(pointer.authoritative).toBe(true);
  });

  it('says that a name without such records exists: no error, no answer, the SOA', () => {
    const { raw, ask } = started();
    expect(ask('filer.lab', TYPE_AAAA)).toMatchObject({ rcode: 0, authoritative: true, answers: [] });
    expect(u16be(raw(query('filer.lab', TYPE_AAAA))!, 8)).toBe(1);
    expect(ask('76.168.192.in-addr.arpa', TYPE_PTR)).toMatchObject({ rcode: 0, answers: [] });
    expect(ask('99.76.168.192.in-addr.arpa', TYPE_PTR)).toMatchObject({ rcode: 3, authoritative: true });
  });

  it('says at once that a name outside the lab does not exist, and that nobody else could know more', () => {
    const { ask } = started();
    for (const name of ['example.com', 'lab.example.com', 'notlab', 'filer', '', '1.1.1.1.in-addr.arpa', '2.076.168.192.in-addr.arpa'])
      expect(ask(name)).toMatchObject({
        rcode: 3,
        authoritative: false,
        recursionDesired: true,
        recursionAvailable: true,
      }); // prettier-ignore
  });

  it('names the authority of its zones', () => {
    const { ask } = started();
    expect(ask('lab', 6).answers.map((r) => r.type)).toEqual([6]);
    expect(ask('lab', 2).answers.map((r) => hex(r.data))).toEqual(['0566696c6572036c616200']);
    expect(ask('lab', TYPE_ANY).answers.map((r) => r.type)).toEqual([6, 2]);
    expect(ask('76.168.192.in-addr.arpa', 6).answers.map((r) => r.type)).toEqual([6]);
  });

  it('asks for learnt names at every query, and lets no client take the name of a machine', () => {
    let vm1: Ipv4Addr | null = null;
    const learnt: LearntNames = {
      addressOf: (name) => (name === 'vm1' || name === 'filer' ? vm1 : null),
      nameOf: (address) => (address === vm1 ? 'vm1' : null),
    };
    const { addresses, ask } = started({}, learnt);
    expect(ask('vm1.lab').rcode).toBe(3);
    vm1 = ipv4('192.168.76.100');
    expect(addresses('vm1.lab')).toEqual(['192.168.76.100']);
    expect(addresses('filer.lab')).toEqual(['192.168.76.2']);
    expect(ask('100.76.168.192.in-addr.arpa', TYPE_PTR).answers.map((r) => hex(r.data))).toEqual([
      '03766d31036c616200',
    ]);
  });

  it('sends what fits into 512 bytes and says that there is more; EDNS and TCP get more', () => {
    const many = Array.from({ length: 60 }, (_, i) => (ipv4('192.168.76.100') + i) as Ipv4Addr);
    const { raw, host } = started({ hosts: [{ name: 'many', addresses: many }] });
    const short = raw(query('many.lab'))!;
    expect([short.length, short[2]! & 2, u16be(short, 6)]).toEqual([26 + 30 * 16, 2, 30]);
    const large = raw(withEdns(query('many.lab'), 4096))!;
    expect([large.length, large[2]! & 2, u16be(large, 6), u16be(large, 10)]).toEqual([26 + 60 * 16 + 11, 0, 60, 1]);
    expect(hex(large.slice(-11))).toBe('00' + '0029' + '04d0' + '00000000' + '0000');
    // A client that offers less than every client must take is not believed.
    expect(u16be(raw(withEdns(query('many.lab'), 100))!, 6)).toBe(29);
    const peer = host.sockets.dial(53);
    peer.say(Uint8Array.of(0, 26));
    peer.say(query('many.lab'));
    host.sockets.settle();
    const whole = peer.takeBytes();
    expect([u16be(whole, 0), whole.length, u16be(whole, 2 + 6)]).toEqual([26 + 60 * 16, 28 + 60 * 16, 60]);
  }); // prettier-ignore

  it('says which version of EDNS it speaks', () => {
    const { raw } = started();
    const reply = raw(withEdns(query('filer.lab'), 1232, 1))!;
    expect([reply[3]! & 15, u16be(reply, 6), hex(reply.slice(-11))]).toEqual([
      0,
      0,
      '00' + '0029' + '04d0' + '01000000' + '0000',
    ]);
  });

  it('refuses what it does not do', () => {
    const { raw } = started();
    const rcode = (bytes: Uint8Array): number => raw(bytes)![3]! & 15;
    expect(rcode(query('filer.lab', TYPE_A, { opcode: 5 }))).toBe(4);
    expect(rcode(query('', TYPE_A, { questions: [{ name: 'version.bind', type: 16, class: 3 }] }))).toBe(5);
    expect(rcode(query('', TYPE_A, { questions: [] }))).toBe(1);
    expect(rcode(withEdns(withEdns(query('filer.lab'), 512), 512))).toBe(1);
  });

  it('answers a question that is no plain name with FORMERR, and a response or a scrap not at all', () => {
    const { raw, dns } = started();
    // A pointer into the header, a label with a dot in it, a name that does not end.
    for (const name of ['c000', '09' + '66696c65722e6c6162' + '00', '05666978'])
      expect(hex(raw(hexBytes(`abcd0100000100000000 0000${name}00010001`))!)).toBe(
        'abcd81810000000000000000',
      );
    expect(raw(query('filer.lab', TYPE_A, { response: true }))).toBeNull();
    expect(raw(new Uint8Array(11))).toBeNull();
    expect(dns.counters).toMatchObject({ queries: 5, answered: 3, ignored: 2 });
  });

  it('answers several queries on one connection in order, as slowly as the client reads', () => {
    const { host } = started();
    const peer = host.sockets.dial(53);
    peer.window = 1;
    peer.piece = 3;
    for (const name of ['filer.lab', 'alpha.lab', 'gone.lab']) {
      const q = query(name);
      peer.say(Uint8Array.of(0, q.length));
      peer.say(q);
    }
    peer.end();
    host.sockets.settle();
    for (let i = 0; i < 400 && !peer.closed; i++) {
      peer.open(2);
      host.sockets.settle();
    }
    const all = peer.takeBytes();
    const rcodes: number[] = [];
    for (let at = 0; at < all.length; at += 2 + u16be(all, at)) rcodes.push(all[at + 5]! & 15);
    expect(rcodes).toEqual([0, 0, 3]);
    expect([peer.closed, peer.aborted]).toEqual([true, false]);
  });

  it('ends connections that are idle, too long or broken', () => {
    const { host, dns } = started();
    const idle = host.sockets.dial(53);
    host.sockets.pass(10 * SECOND);
    expect(idle.aborted).toBe(true);
    const long = host.sockets.dial(53);
    long.say(Uint8Array.of(0x20, 0));
    const empty = host.sockets.dial(53);
    empty.say(Uint8Array.of(0, 0));
    host.sockets.settle();
    expect([long.aborted, empty.aborted, dns.counters.timedOut]).toEqual([true, true, 1]);
  });

  it('survives any bytes and never answers with more than its limit', () => {
    const { raw } = started();
    const random = new Xoshiro128(13);
    const seeds = [query('filer.lab'), withEdns(query('10.76.168.192.in-addr.arpa', TYPE_PTR), 4096)];
    for (let i = 0; i < 5000; i++) {
      const bytes = seeds[i % 2]!.slice(0, random.below(4) ? 99 : random.below(60));
      for (let k = random.below(6); k > 0 && bytes.length > 0; k--)
        bytes[random.below(bytes.length)] = random.below(256);
      const reply = raw(bytes);
      if (!reply) continue;
      expect(reply.length).toBeLessThanOrEqual(1232);
      expect(typeof parseDns(reply, 0, reply.length)).toBe('object');
    }
  });

  it('leaves no timer and no port behind when it is stopped', () => {
    const { host, running } = started();
    host.sockets.dial(53);
    host.sockets.settle();
    running.dispose();
    expect([host.clock.leftover, host.sockets.ports]).toEqual([0, 0]);
  });
});
