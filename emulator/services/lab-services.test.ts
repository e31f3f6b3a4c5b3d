import { describe, expect, it } from 'vitest';
import { IPV4_ANY, formatIpv4, mac, type Ipv4Addr } from '../base/address.ts';
import { latin1Bytes, u32be } from '../base/bytes.ts';
import { endpoint4 } from '../base/host-sockets.ts';
import * as D from '../wire/dhcpv4.ts';
import { emitDns, parseDns, TYPE_A } from '../wire/dns.ts';
import { EchoServer } from './echo/server.ts';
import { filerServices, startServices } from './lab-services.ts';
import { fakeHost } from './testing/fake-sockets.ts';

describe('the services of the filer', () => {
  it('let a guest that took a lease be found by its name', () => {
    const host = fakeHost();
    startServices(Object.values(filerServices()), host);
    const request: D.Dhcp = {
      ...D.BLANK_DHCP,
      xid: 1,
      chaddr: mac('52:54:00:12:34:56'),
      options: [
        { code: D.OPT_MESSAGE_TYPE, data: Uint8Array.of(D.DHCPREQUEST) },
        D.addressOption(D.OPT_REQUESTED_IP, 0xc0a84c70 as Ipv4Addr),
        { code: D.OPT_HOST_NAME, data: latin1Bytes('vm1') },
      ],
    };
    const bytes = new Uint8Array(300);
    D.putDhcp(bytes, 0, request, 300);
    host.sockets.arrive(67, endpoint4(IPV4_ANY, 68), bytes);
    const query = emitDns({
      id: 1, response: false, opcode: 0, authoritative: false, truncated: false, recursionDesired: true,
      recursionAvailable: false, rcode: 0, questions: [{ name: 'vm1.lab', type: TYPE_A, class: 1 }], answers: [],
    }); // prettier-ignore
    host.sockets.arrive(53, endpoint4(0xc0a84c70 as Ipv4Addr, 5353), query);
    host.sockets.settle();
    const reply = parseDns(host.sockets.sent[1]!.data, 0, 999);
    if (typeof reply === 'string') throw new Error(reply);
    expect(reply.answers.map((r) => formatIpv4(u32be(r.data, 0) as Ipv4Addr))).toEqual(['192.168.76.112']);
  });

  it('start all or none, and stop together', () => {
    const host = fakeHost();
    const blocker = new EchoServer().start(host);
    expect(() => startServices(Object.values(filerServices()), host)).toThrow('echo: port 7');
    blocker.dispose();
    expect(host.sockets.ports).toBe(0);
    const running = startServices(Object.values(filerServices()), host);
    expect(host.sockets.ports).toBeGreaterThan(6);
    running.dispose();
    expect([host.sockets.ports, host.clock.leftover]).toEqual([0, 0]);
  });
});
