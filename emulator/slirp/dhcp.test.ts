import { describe, expect, it } from 'vitest';
import { IPV4_ANY, IPV4_BROADCAST, ipv4, mac, type Ipv4Addr, type MacAddr } from '../base/address.ts';
import { hexBytes, latin1 } from '../base/bytes.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import {
  BLANK_DHCP, BOOTREQUEST, DHCPACK, DHCPDECLINE, DHCPDISCOVER, DHCPINFORM, DHCPNAK, DHCPRELEASE, DHCPREQUEST,
  OPT_MESSAGE, OPT_MESSAGE_TYPE, OPT_REQUESTED_IP, OPT_SERVER_ID, OPT_VENDOR_CLASS, addressOption, dhcpLength,
  dhcpMessageType, dhcpOption, parseDhcp, putDhcp, type Dhcp, type DhcpOption,
} from '../wire/dhcpv4.ts'; // prettier-ignore
import { LAB_PROFILE, type SlirpConfig } from './config.ts';
import { Bench } from './testing/bench.ts';
import { FILER, GUEST_MAC, HOST, udpFrame, type Seen } from './testing/frames.ts';

interface Ask {
  readonly type?: number;
  readonly chaddr?: MacAddr;
  readonly ciaddr?: Ipv4Addr;
  readonly wish?: string;
  readonly op?: number;
}

function message(ask: Ask): Dhcp {
  const options: DhcpOption[] = [];
  if (ask.type !== undefined) options.push({ code: OPT_MESSAGE_TYPE, data: Uint8Array.of(ask.type) });
  if (ask.wish !== undefined) options.push(addressOption(OPT_REQUESTED_IP, ipv4(ask.wish)));
  return {
    ...BLANK_DHCP,
    op: ask.op ?? BOOTREQUEST,
    xid: 0x50ee954e,
    ciaddr: ask.ciaddr ?? IPV4_ANY,
    chaddr: ask.chaddr ?? GUEST_MAC,
    options,
  };
}

function bytesOf(ask: Ask): Uint8Array {
  const m = message(ask);
  const b = new Uint8Array(Math.max(300, dhcpLength(m)));
  putDhcp(b, 0, m, b.length);
  return b;
}

const frameOf = (data: Uint8Array): Uint8Array => udpFrame(IPV4_BROADCAST, 68, 67, data, { src: IPV4_ANY });

const bench = (config: Partial<SlirpConfig> = {}): Bench => new Bench({ known: false, config });
const ask = (b: Bench, question: Ask): Seen[] => b.exchange(frameOf(bytesOf(question)));

/** The DHCP message of the only frame in answer. */
function answerOf(frames: Seen[]): Dhcp {
  expect(frames).toHaveLength(1);
  const parsed = parseDhcp(frames[0]!.data, 0, frames[0]!.data.length);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}
const text = (m: Dhcp, code: number): string => latin1(dhcpOption(m, code) ?? new Uint8Array(0));
const macNo = (i: number): MacAddr => mac(`52:54:00:00:01:${i.toString(16).padStart(2, '0')}`);

describe('DHCP', () => {
  /**
   * Frames 2 and 5 of the reference capture slirp-rtl8139.guest.services.pcap (libslirp 4.7.0): 590 bytes, by broadcast from 52:55:0a:00:02:02,
   * 10.0.2.2 port 67 to 255.255.255.255 port 68, TOS 0x10, TTL 64, no DF, yiaddr 10.0.2.15, siaddr 10.0.2.2, then these options and zeros to the
   * end. Identification 0 and 1 there; random here, so it and the two checksums are left out of the comparison.
   */
  const captured = (type: string): Uint8Array => {
    const head = hexBytes(
      'ffffffffffff52550a0002020800 451002400000000040110000 0a000202ffffffff 00430044022c0000' +
        '0201060050ee954e 0000000000000000 0a00020f 0a000202 00000000 525400123456',
    );
    const options = hexBytes(
      `6382536335 01${type} 36040a000202 0104ffffff00 03040a000202 06040a000203 330400015180 ff`,
    );
    const frame = new Uint8Array(590);
    frame.set(head);
    frame.set(options, 42 + 236);
    return frame;
  };
  const masked = (frame: Uint8Array): Uint8Array => {
    const copy = frame.slice();
    for (const at of [18, 19, 24, 25, 40, 41]) copy[at] = 0;
    return copy;
  };

  it('D1: offers in the very bytes of the reference capture, but for the IP identification and what depends on it', () => {
    const [offer, ...rest] = ask(bench(), { type: DHCPDISCOVER });
    expect(rest).toEqual([]);
    expect(masked(offer!.bytes)).toEqual(captured('02'));
  });

  it('D2: acknowledges .15 in the bytes of the reference capture', () => {
    const b = bench();
    ask(b, { type: DHCPDISCOVER });
    const [ack] = ask(b, { type: DHCPREQUEST, wish: '10.0.2.15' });
    expect(masked(ack!.bytes)).toEqual(captured('05'));
  });

  it('D3: refuses .99 with yiaddr 0 and option 54; libslirp with neither', () => {
    const nak = answerOf(ask(bench(), { type: DHCPREQUEST, wish: '10.0.2.99' }));
    expect(nak.options.map((o) => o.code)).toEqual([OPT_MESSAGE_TYPE, OPT_SERVER_ID, OPT_MESSAGE]);
    expect([dhcpMessageType(nak), nak.yiaddr]).toEqual([DHCPNAK, 0]);
    expect(text(nak, OPT_MESSAGE)).toBe('requested address not available');
    const profile = { ...LAB_PROFILE, nakByTheBook: false };
    const old = answerOf(ask(bench({ profile }), { type: DHCPREQUEST, wish: '10.0.2.99' }));
    expect(old.options.map((o) => o.code)).toEqual([OPT_MESSAGE_TYPE, OPT_MESSAGE]);
    expect(old.yiaddr).toBe(IPV4_BROADCAST);
  });

  it('D4: acknowledges a request by ciaddr', () => {
    const ack = answerOf(ask(bench(), { type: DHCPREQUEST, ciaddr: ipv4('10.0.2.16') }));
    expect([dhcpMessageType(ack), ack.yiaddr]).toEqual([DHCPACK, ipv4('10.0.2.16')]);
  });

  it('D5: answers plain BOOTP with option 53 = 5, with and without the cookie', () => {
    const b = bench();
    expect(dhcpMessageType(answerOf(ask(b, {})))).toBe(DHCPACK);
    const old = bytesOf({});
    old.fill(0, 236);
    const answer = answerOf(b.exchange(frameOf(old)));
    expect([answer.xid, answer.yiaddr]).toEqual([0x50ee954e, ipv4('10.0.2.15')]);
  });

  it('D6: is silent about RELEASE, DECLINE, INFORM and replies', () => {
    const b = bench();
    for (const type of [DHCPRELEASE, DHCPDECLINE, DHCPINFORM]) expect(ask(b, { type })).toEqual([]);
    expect(ask(b, { type: DHCPDISCOVER, op: 2 })).toEqual([]);
  });

  it('D7: leaves router and DNS out when restricted', () => {
    const offer = answerOf(ask(bench({ restricted: true }), { type: DHCPDISCOVER }));
    expect(offer.options.map((o) => o.code)).toEqual([53, 54, 1, 51]);
  });

  it('D8: has nothing for the 17th client', () => {
    const b = bench();
    for (let i = 0; i < 16; i++) ask(b, { type: DHCPDISCOVER, chaddr: macNo(i) });
    expect(ask(b, { type: DHCPDISCOVER, chaddr: macNo(16) })).toEqual([]);
    expect(b.count('dhcp-pool-empty')).toBe(1);
    expect(b.slirp.leases()).toHaveLength(16);
  });

  it('D9: gives one client the same address each time', () => {
    const b = bench();
    const offers = [macNo(1), macNo(2), macNo(1)].map(
      (chaddr) => answerOf(ask(b, { type: DHCPDISCOVER, chaddr })).yiaddr,
    );
    expect(offers).toEqual([ipv4('10.0.2.15'), ipv4('10.0.2.16'), ipv4('10.0.2.15')]);
  });

  it('D10: offers another address when the wished one is taken, and the wished one when it is free', () => {
    const b = bench();
    ask(b, { type: DHCPDISCOVER, chaddr: macNo(1) });
    const taken = answerOf(ask(b, { type: DHCPDISCOVER, chaddr: macNo(2), wish: '10.0.2.15' }));
    const free = answerOf(ask(b, { type: DHCPDISCOVER, chaddr: macNo(3), wish: '10.0.2.20' }));
    expect([taken.yiaddr, free.yiaddr]).toEqual([ipv4('10.0.2.16'), ipv4('10.0.2.20')]);
  });

  it('D11: reads a truncated last option as absent', () => {
    const data = bytesOf({ type: DHCPDISCOVER });
    const cut = data.slice(0, 246);
    cut.set([50, 4, 10], 243);
    expect(answerOf(bench().exchange(frameOf(cut))).yiaddr).toBe(ipv4('10.0.2.15'));
  });

  it('D12: sends option 60 with an https bootfile, and the other texts in slirp’s order', () => {
    const b = bench({
      bootfile: 'https://boot.example/x.efi',
      hostname: 'a-name-of-more-than-thirty-two-letters',
      domainName: 'lab.example',
      tftpServerName: 'tftp.example',
      dnsSearch: ['lab.example'],
    });
    const offer = answerOf(ask(b, { type: DHCPDISCOVER }));
    expect(offer.options.map((o) => o.code)).toEqual([53, 54, 1, 3, 6, 51, 12, 15, 66, 119, 60]);
    expect(text(offer, OPT_VENDOR_CLASS)).toBe('HTTPClient');
    expect(text(offer, 12)).toHaveLength(32);
    expect(offer.file).toBe('https://boot.example/x.efi');
  });

  it('leaves out and counts an option that does not fit', () => {
    const b = bench({ domainName: 'x'.repeat(200), tftpServerName: 'y'.repeat(200) });
    const offer = answerOf(ask(b, { type: DHCPDISCOVER }));
    expect(offer.options.map((o) => o.code)).toEqual([53, 54, 1, 3, 6, 51, 15]);
    expect(b.count('dhcp-option-left-out')).toBe(1);
  });

  it('D13: needs no ARP request for the guest afterwards', () => {
    const b = bench();
    ask(b, { type: DHCPDISCOVER });
    b.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1)));
    b.host.datagrams[0]!.arrive(endpoint4(FILER, 7), Uint8Array.of(2));
    const [reply] = b.take();
    expect(reply!.ethDst).toBe('52:54:00:12:34:56');
  });

  it('answers a unicast renewal to .2, and nothing when switched off', () => {
    const renewal = udpFrame(HOST, 68, 67, bytesOf({ type: DHCPREQUEST, ciaddr: ipv4('10.0.2.15') }));
    expect(dhcpMessageType(answerOf(bench().exchange(renewal)))).toBe(DHCPACK);
    expect(bench({ disableDhcp: true }).exchange(renewal)).toEqual([]);
  });
});
