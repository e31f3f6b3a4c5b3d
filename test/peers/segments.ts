/** A TCP conversation written down segment by segment, for comparing packet lists. */
import { ipv4, mac } from '../../emulator/base/address.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, putEthernet } from '../../emulator/wire/ethernet.ts';
import { IPV4_DF, IPV4_HEADER, PROTO_TCP, putIpv4 } from '../../emulator/wire/ipv4.ts';
import { ACK_FLAG, FIN, PSH, RST, SYN, TCP_HEADER, putTcp } from '../../emulator/wire/tcp.ts';
import type { TimedFrame } from './frames.ts';

const CLIENT = { mac: mac('52:54:00:12:34:56'), ip: ipv4('192.168.76.50'), port: 40000, isn: 4_294_960_000 };
const SERVER = { mac: mac('00:25:90:0a:00:02'), ip: ipv4('192.168.76.2'), port: 5001, isn: 77_000 };
const FLAGS: Readonly<Record<string, number>> = { S: SYN, F: FIN, R: RST, P: PSH, A: ACK_FLAG };

export interface Line {
  readonly ms: number;
  readonly from: 'client' | 'server';
  /** Letters of `FLAGS`. */
  readonly flags: string;
  /** Relative to the initial sequence numbers. */
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
  readonly window: number;
  /** Option bytes, a multiple of 4. */
  readonly options: readonly number[];
  /** Added to both ports' connection: a later one on the same ports. */
  readonly isn: number;
}

const LINE: Line = {
  ms: 0, from: 'client', flags: 'A', seq: 1, ack: 1, length: 0, window: 500, options: [], isn: 0,
}; // prettier-ignore

export const WINDOW_SCALE = [2, 4, 5, 180, 1, 3, 3, 7];
export const sack = (...edges: number[]): number[] => [
  1, 1, 5, 2 + 4 * edges.length,
  ...edges.flatMap((e) => [e >>> 24, (e >>> 16) & 255, (e >>> 8) & 255, e & 255]),
]; // prettier-ignore

/** Relative edge of the client's data as it stands in a SACK block of the server. */
export const clientEdge = (relative: number): number => (CLIENT.isn + relative) >>> 0;

export function segments(lines: readonly Partial<Line>[]): TimedFrame[] {
  return lines.map((partial) => {
    const line = { ...LINE, ...partial };
    const [own, peer] = line.from === 'client' ? [CLIENT, SERVER] : [SERVER, CLIENT];
    const tcp = ETHERNET_HEADER + IPV4_HEADER;
    const header = TCP_HEADER + line.options.length;
    const bytes = new Uint8Array(tcp + header + line.length);
    bytes.fill(0x2e, tcp + header);
    bytes.set(line.options, tcp + TCP_HEADER);
    putEthernet(bytes, peer.mac, own.mac, ETHERTYPE_IPV4);
    putIpv4(bytes, ETHERNET_HEADER, {
      tos: 0,
      length: bytes.length - ETHERNET_HEADER,
      id: 1,
      flagsOffset: IPV4_DF,
      ttl: 64,
      protocol: PROTO_TCP,
      src: own.ip,
      dst: peer.ip,
    });
    const flags = [...line.flags].reduce((sum, letter) => sum | FLAGS[letter]!, 0);
    putTcp(bytes, tcp, bytes.length, header, own.ip, peer.ip, {
      srcPort: own.port,
      dstPort: peer.port,
      seq: (own.isn + line.isn + line.seq) >>> 0,
      ack: flags & ACK_FLAG ? (peer.isn + line.isn + line.ack) >>> 0 : 0,
      flags,
      window: line.window,
      urgent: 0,
    });
    return { at: line.ms * 1e6, bytes };
  });
}

/** One connection in which about everything goes wrong that can. */
export const TROUBLED: readonly Partial<Line>[] = (() => {
  const at = (ms: number, line: Partial<Line>): Partial<Line> => ({ ...line, ms });
  const client = (line: Partial<Line>): Partial<Line> => line;
  const server = (line: Partial<Line>): Partial<Line> => ({ ...line, from: 'server' });
  const hole = sack(clientEdge(2001), clientEdge(3001));
  return [
    at(0, client({ flags: 'S', seq: 0, options: WINDOW_SCALE, window: 64240 })),
    at(1000, client({ flags: 'S', seq: 0, options: WINDOW_SCALE, window: 64240 })),
    at(1001, server({ flags: 'SA', seq: 0, options: WINDOW_SCALE, window: 65160 })),
    at(1002, client({})),
    at(1003, client({ length: 1000 })),
    // 1001–2000 is lost, 2001–3000 arrives.
    at(1004, client({ seq: 2001, length: 1000 })),
    at(1005, server({ ack: 1001 })),
    at(1006, server({ ack: 1001, options: hole })),
    at(1007, server({ ack: 1001, options: hole })),
    at(1008, server({ ack: 1001, options: hole })),
    at(1009, client({ seq: 1001, length: 1000 })),
    at(1010, server({ ack: 3001 })),
    // Late by a millisecond.
    at(1100, client({ seq: 4001, length: 1000 })),
    at(1101, client({ seq: 3001, length: 1000 })),
    at(1102, server({ ack: 5001 })),
    // Sent again after a timeout, then needlessly.
    at(1200, client({ seq: 5001, length: 500, flags: 'PA' })),
    at(1500, client({ seq: 5001, length: 500, flags: 'PA' })),
    at(1501, server({ ack: 5501 })),
    at(1800, client({ seq: 5001, length: 500, flags: 'PA' })),
    // Window closes, is probed, opens.
    at(1900, server({ ack: 5501, window: 4 })),
    at(1910, client({ seq: 5501, length: 512, flags: 'PA' })),
    at(1911, server({ ack: 6013, window: 0 })),
    at(2111, client({ seq: 6013, length: 1 })),
    at(2112, server({ ack: 6013, window: 0 })),
    at(2500, client({ seq: 6013, length: 1 })),
    at(2501, server({ ack: 6013, window: 0 })),
    at(2600, server({ ack: 6013, window: 500 })),
    at(2601, client({ seq: 6013, length: 100, flags: 'PA' })),
    at(2602, server({ ack: 6113, length: 200, flags: 'PA' })),
    at(2603, client({ seq: 6113, ack: 201 })),
    // Nothing to say for a while.
    at(9000, client({ seq: 6112, ack: 201 })),
    at(9001, server({ seq: 201, ack: 6113 })),
    // An acknowledgement of what the capture did not see.
    at(9100, server({ seq: 201, ack: 7113 })),
    at(9200, client({ seq: 7113, ack: 201, length: 10 })),
    at(9300, server({ seq: 201, ack: 7123, flags: 'FA' })),
    at(9301, client({ seq: 7123, ack: 202, flags: 'FA' })),
    at(9302, server({ seq: 202, ack: 7124 })),
    // The ports again.
    at(20000, client({ flags: 'S', seq: 0, isn: 5_000_000, options: WINDOW_SCALE, window: 64240 })),
    at(20001, server({ flags: 'RA', seq: 0, ack: 1, isn: 5_000_000, window: 0 })),
  ];
})();
