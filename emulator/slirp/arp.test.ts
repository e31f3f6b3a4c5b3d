import { describe, expect, it } from 'vitest';
import { formatMac, ipv4, mac, type Ipv4Addr } from '../base/address.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import { MILLISECOND, SECOND } from '../base/clock.ts';
import { ARP_REPLY, ARP_REQUEST } from '../wire/arp.ts';
import { LAB_PROFILE } from './config.ts';
import { Bench } from './testing/bench.ts';
import { DNS, FILER, GUEST, GUEST_MAC, HOST, arpFrame, udpFrame } from './testing/frames.ts';

const answers = (bench: Bench, tpa: Ipv4Addr): number => bench.exchange(arpFrame({ tpa })).length;

/** A bench whose guest has sent a datagram although SLIRP never heard its MAC. */
function strangerBench(): Bench {
  const bench = new Bench({ known: false });
  bench.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1)));
  bench.take();
  return bench;
}
const answer = (bench: Bench): void => bench.host.datagrams[0]!.arrive(endpoint4(FILER, 7), Uint8Array.of(9));

describe('ARP', () => {
  it('A1: answers for .2 with 52:55:0a:00:02:02, in 64 bytes as libslirp does', () => {
    const [reply, ...rest] = new Bench().exchange(arpFrame({ tpa: HOST }));
    expect(rest).toEqual([]);
    expect(reply!.ethSrc).toBe('52:55:0a:00:02:02');
    expect(reply!.ethDst).toBe(formatMac(GUEST_MAC));
    expect(reply!.length).toBe(64);
    expect(reply!.arp).toEqual({
      oper: ARP_REPLY,
      sha: mac('52:55:0a:00:02:02'),
      spa: HOST,
      tha: GUEST_MAC,
      tpa: GUEST,
    });
  });

  it('A2: answers for .3 with 52:55:0a:00:02:03', () => {
    const [reply] = new Bench().exchange(arpFrame({ tpa: DNS }));
    expect(formatMac(reply!.arp!.sha)).toBe('52:55:0a:00:02:03');
  });

  it('A3, A5: is silent about .4, .15, .77, the broadcast address and addresses outside', () => {
    const bench = new Bench();
    for (const addr of ['10.0.2.4', '10.0.2.15', '10.0.2.77', '10.0.2.255', '192.168.0.1'])
      expect([addr, answers(bench, ipv4(addr))]).toEqual([addr, 0]);
  });

  it('A6: learns from gratuitous ARP without answering; the next frame uses the new MAC', () => {
    const bench = new Bench();
    const moved = mac('52:54:00:aa:bb:cc');
    expect(bench.exchange(arpFrame({ sha: moved, spa: GUEST, tpa: GUEST }))).toEqual([]);
    bench.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1)));
    answer(bench);
    expect(bench.take()[0]!.ethDst).toBe('52:54:00:aa:bb:cc');
  });

  it('A7: drops an ARP frame of 41 bytes', () => {
    const bench = new Bench();
    expect(bench.exchange(arpFrame({ tpa: HOST }).slice(0, 41))).toEqual([]);
    expect(bench.count('arp-truncated')).toBe(1);
  });

  it('A8: replaces the first of 17 learnt addresses', () => {
    const bench = new Bench({ known: false });
    for (let i = 0; i < 17; i++)
      bench.transmit(
        arpFrame({
          sha: mac(`52:54:00:00:00:${(16 + i).toString(16)}`),
          spa: ipv4(`10.0.2.${20 + i}`),
          tpa: HOST,
        }),
      );
    const known = bench.slirp.neighbours().map((e) => e.addr);
    expect(known).toHaveLength(16);
    expect(known).not.toContain(ipv4('10.0.2.20'));
    expect(known).toContain(ipv4('10.0.2.36'));
  });

  it('never learns our own addresses, broadcast addresses or group MACs', () => {
    const bench = new Bench({ known: false });
    bench.transmit(arpFrame({ spa: HOST, tpa: DNS }));
    bench.transmit(arpFrame({ spa: ipv4('10.0.2.255'), tpa: DNS }));
    bench.transmit(arpFrame({ spa: ipv4('0.0.0.0'), tpa: DNS }));
    bench.transmit(arpFrame({ sha: mac('01:00:5e:00:00:01'), spa: GUEST, tpa: DNS }));
    expect(bench.slirp.neighbours()).toEqual([]);
  });

  it('A9: asks from .2 for an unknown guest and sends the packet after the answer', () => {
    const bench = strangerBench();
    answer(bench);
    const [request, ...rest] = bench.take();
    expect(rest).toEqual([]);
    expect(request!.ethDst).toBe('ff:ff:ff:ff:ff:ff');
    expect(request!.arp).toMatchObject({ oper: ARP_REQUEST, spa: HOST, tpa: GUEST });
    bench.advance(900 * MILLISECOND);
    const [packet] = bench.exchange(arpFrame({ oper: ARP_REPLY, spa: GUEST, tpa: HOST }));
    expect([...packet!.data]).toEqual([9]);
  });

  it('A9: drops the packet when nobody answers for a second', () => {
    const bench = strangerBench();
    answer(bench);
    bench.take();
    bench.advance(SECOND);
    expect(bench.count('arp-wait-expired')).toBe(1);
    expect(bench.exchange(arpFrame({ oper: ARP_REPLY, spa: GUEST, tpa: HOST }))).toEqual([]);
  });

  it('A10: asks once for two waiting packets, twice in the habit of libslirp', () => {
    const lab = strangerBench();
    answer(lab);
    answer(lab);
    expect(lab.take()).toHaveLength(1);
    const old = new Bench({
      known: false,
      config: { profile: { ...LAB_PROFILE, arpRequests: 'per-packet' } },
    });
    old.transmit(udpFrame(FILER, 1000, 7, Uint8Array.of(1)));
    answer(old);
    answer(old);
    expect(old.take()).toHaveLength(2);
  });

  it('keeps at most 16 packets for one address', () => {
    const bench = strangerBench();
    for (let i = 0; i < 20; i++) {
      answer(bench);
      bench.take();
    }
    expect(bench.count('arp-wait-full')).toBe(4);
  });

  it('A11, A12: pads every frame to 60 bytes, and sends what .3 says with the MAC of .2', () => {
    const bench = new Bench();
    bench.transmit(udpFrame(DNS, 1000, 53, Uint8Array.of(1)));
    bench.host.datagrams[0]!.arrive(endpoint4(FILER, 53), Uint8Array.of(9));
    const [packet] = bench.take();
    expect(packet!.src).toBe('10.0.2.3');
    expect(packet!.ethSrc).toBe('52:55:0a:00:02:02');
    expect(packet!.length).toBe(60);
    expect([...packet!.bytes.slice(43)].every((b) => b === 0)).toBe(true);
  });

  it('A13: drops VLAN tags, IPv6 and unknown types, each by name', () => {
    const bench = new Bench();
    const frame = arpFrame({ tpa: HOST });
    for (const type of [0x8100, 0x1234, 0x86dd]) {
      const odd = frame.slice();
      odd[12] = type >> 8;
      odd[13] = type & 0xff;
      expect(bench.exchange(odd)).toEqual([]);
    }
    expect(bench.exchange(new Uint8Array(13))).toEqual([]);
    expect([
      bench.count('ethertype-unknown'),
      bench.count('ipv6'),
      bench.count('ethernet-truncated'),
    ]).toEqual([2, 1, 1]);
  });

  it('delivers nothing while the guest transmits', () => {
    const bench = new Bench();
    bench.transmit(arpFrame({ tpa: HOST }));
    expect(bench.nested).toBe(0);
    expect(bench.take()).toHaveLength(1);
  });
});
