/** The services on simulated kernels: alpha is the client, the filer serves, every byte crosses the wire between them. */
import { describe, expect, it } from 'vitest';
import { IPV4_ANY, IPV4_BROADCAST, ipv4, mac } from '../../emulator/base/address.ts';
import { latin1, latin1Bytes, u16be, u48be } from '../../emulator/base/bytes.ts';
import { SECOND } from '../../emulator/base/clock.ts';
import { endpoint4, type HostStream } from '../../emulator/base/host-sockets.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { Sha256, sha256Hex } from '../../emulator/base/sha256.ts';
import { FILER, twoHosts } from '../../emulator/net/testing/two-hosts.ts';
import { generatedBytes } from '../../emulator/services/http/generated.ts';
import { filerServices, startServices } from '../../emulator/services/lab-services.ts';
import * as D from '../../emulator/wire/dhcpv4.ts';
import { emitDns, parseDns, TYPE_A } from '../../emulator/wire/dns.ts';
import { Ipv4View } from '../../emulator/wire/ipv4.ts';

function must<T>(made: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

function lab() {
  const w = twoHosts();
  const services = filerServices();
  const running = startServices(Object.values(services), {
    address: FILER,
    sockets: w.b.sockets,
    clock: w.clock,
    random: new Xoshiro128(1),
    addNeighbour: (ip, to) => {
      w.b.addNeighbour(ip, to);
    },
  });
  return { ...w, services, running };
}

/** Sends `data`, then its FIN if `half`; gives every piece that comes back to `take`. */
function talk(
  w: ReturnType<typeof lab>,
  port: number,
  data: Uint8Array,
  half: boolean,
  take: (b: Uint8Array) => void,
) {
  const stream: HostStream = must(w.a.sockets.connect(endpoint4(FILER, port)));
  const buffer = new Uint8Array(8192);
  const events: string[] = [];
  let sent = 0;
  let shut = false;
  stream.onEvent = ({ type }) => {
    events.push(type);
    if (sent < data.length) sent += stream.send(data, sent, data.length - sent);
    if (half && sent === data.length && !shut) shut = stream.shutdownSend();
    for (let n = stream.recv(buffer, 0, buffer.length); n > 0; n = stream.recv(buffer, 0, buffer.length))
      take(buffer.slice(0, n));
    if (type === 'ended') stream.close();
  };
  return { stream, events };
}

const file = (name: string, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  generatedBytes(name, 0, bytes, 0, length);
  return bytes;
};

describe('on a simulated kernel', () => {
  it('HTTP sends five binary megabytes whole and closes in order', () => {
    const w = lab();
    const parts: Uint8Array[] = [];
    const request = latin1Bytes('GET /5M.bin HTTP/1.1\r\nHost: filer\r\nConnection: close\r\n\r\n');
    const { events } = talk(w, 80, request, false, (b) => parts.push(b));
    w.clock.advance(30 * SECOND);
    const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
    const from = latin1(all, 0, 500).indexOf('\r\n\r\n') + 4;
    expect(all.length - from).toBe(5 * 2 ** 20);
    expect(new Sha256().update(all, from).hex()).toBe(sha256Hex(file('5M.bin', 5 * 2 ** 20)));
    expect(events.at(-1)).toBe('closed');
    expect(events).not.toContain('reset');
  });

  it('an upload of three megabytes is hashed, by HTTP and by discard', () => {
    const w = lab();
    const bytes = file('up', 3_000_000);
    const line = `bytes=3000000 sha256=${sha256Hex(bytes)}\n`;
    const head = latin1Bytes(
      'POST /upload/up HTTP/1.1\r\nHost: filer\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n',
    );
    const request = new Uint8Array(head.length + bytes.length);
    request.set(head);
    request.set(bytes, head.length);
    let answer = '';
    talk(w, 80, request, false, (b) => (answer += latin1(b)));
    talk(w, 9, bytes, true, () => undefined);
    w.clock.advance(30 * SECOND);
    expect(answer.endsWith(`\r\n\r\nup ${line}`)).toBe(true);
    expect(w.services.discard.report().connections).toMatchObject([
      { bytes: 3_000_000, sha256: sha256Hex(bytes), state: 'closed' },
    ]);
  });

  it('echo returns a stream larger than all buffers, and an answer to a bad request arrives before the end', () => {
    const w = lab();
    const bytes = file('echo', 1_000_000);
    const back = new Sha256();
    const { events } = talk(w, 7, bytes, true, (b) => back.update(b));
    let refusal = '';
    const bad = talk(
      w,
      80,
      latin1Bytes(`NO\r\n\r\n${'x'.repeat(200_000)}`),
      true,
      (b) => (refusal += latin1(b)),
    );
    w.clock.advance(30 * SECOND);
    expect(back.hex()).toBe(sha256Hex(bytes));
    expect(refusal).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect([...events, ...bad.events]).not.toContain('reset');
  });

  it('a DHCP offer goes to the address and card of a client that cannot answer ARP yet', () => {
    const w = lab();
    const card = mac('52:54:00:12:34:56');
    const discover: D.Dhcp = {
      ...D.BLANK_DHCP,
      xid: 7,
      chaddr: card,
      options: [{ code: D.OPT_MESSAGE_TYPE, data: Uint8Array.of(D.DHCPDISCOVER) }],
    };
    const client = must(w.a.sockets.datagram(4, endpoint4(IPV4_ANY, 68)));
    const send = (m: D.Dhcp) => {
      const bytes = new Uint8Array(300);
      D.putDhcp(bytes, 0, m, 300);
      client.send(endpoint4(IPV4_BROADCAST, 67), bytes, 0, 0);
      w.clock.advance(SECOND);
      return w.frames.at(-1)!.bytes;
    };
    const offer = send(discover);
    expect([u48be(offer, 0), u16be(offer, 12)]).toEqual([card, 0x0800]);
    const ip = new Ipv4View(offer, 14, offer.length);
    expect([ip.src, ip.dst, u16be(offer, 34), u16be(offer, 36)]).toEqual([
      FILER,
      ipv4('192.168.76.100'),
      67,
      68,
    ]);
    expect(offer.length).toBe(14 + 20 + 8 + 300);
    const broadcast = send({ ...discover, flags: 0x8000 });
    expect([u48be(broadcast, 0), new Ipv4View(broadcast, 14, broadcast.length).dst]).toEqual([
      0xffffffffffff,
      IPV4_BROADCAST,
    ]);
  });

  it('DNS answers on UDP', () => {
    const w = lab();
    const client = must(w.a.sockets.datagram(4));
    client.send(endpoint4(FILER, 53), emitDns({
      id: 1, response: false, opcode: 0, authoritative: false, truncated: false, recursionDesired: true,
      recursionAvailable: false, rcode: 0, questions: [{ name: 'filer.lab', type: TYPE_A, class: 1 }], answers: [],
    }), 0, 0); // prettier-ignore
    w.clock.advance(SECOND);
    const reply = client.recv()!;
    expect(reply.from).toEqual(endpoint4(FILER, 53));
    expect(parseDns(reply.data, 0, reply.data.length)).toMatchObject({
      rcode: 0,
      answers: [{ name: 'filer.lab' }],
    });
  });

  it('a stopped service leaves no port', () => {
    const w = lab();
    talk(w, 80, latin1Bytes('GET /1M.bin HTTP/1.1\r\nHost: a\r\n\r\n'), false, () => undefined);
    w.clock.advance(1_000_000);
    w.running.dispose();
    expect(w.b.ports()).toEqual({ tcp: [], udp: [] });
  });
});
