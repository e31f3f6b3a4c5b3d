/**
 * What the ledger is told about a TCP flow: work done, and which bytes of the stream each packet and each socket call carries, so that packets on
 * both sides of the NAT can be linked. Called only when the ledger is enabled. Offsets count payload from the start of the flow.
 */
import type { PacketId } from '../base/frame.ts';
import type { Fate, Ledger } from '../base/ledger.ts';
import type { TcpConnection } from '../net/tcp/connection.ts';
import { IPV4_HEADER } from '../wire/ipv4.ts';
import { seqDiff } from '../wire/seq.ts';
import { TcpView } from '../wire/tcp.ts';
import { TRANSPORT } from './ip-output.ts';

/** A segment of the guest, before `conn` takes it; `bytesOut` went to the host already. */
export function traceArrival(
  ledger: Ledger,
  flow: number,
  tcp: TcpView,
  conn: TcpConnection,
  bytesOut: number,
): void {
  if (tcp.payloadLength === 0) return;
  const from = bytesOut + conn.available + seqDiff(tcp.seq, conn.info().rcvNxt);
  ledger.carries({ flow, direction: 'out', from, to: from + tcp.payloadLength });
}

/** A segment of `length` bytes that `conn` wrote into `frame`; `bytesIn` came from the host so far. */
export function traceMade(
  ledger: Ledger,
  flow: number,
  packet: PacketId,
  frame: Uint8Array,
  length: number,
  conn: TcpConnection,
  bytesIn: number,
): void {
  const tcp = new TcpView(frame, TRANSPORT, TRANSPORT + length);
  // The pure ACK and the segment with data: the same function of slirp, two rows of the stage table.
  ledger.enter(tcp.payloadLength === 0 ? 's.i8' : 's.o1', packet);
  ledger.count('summedBytes', length);
  if (tcp.payloadLength > 0) {
    ledger.count('copies', 1);
    ledger.count('copiedBytes', tcp.payloadLength);
    const from = bytesIn - conn.unacknowledged + seqDiff(tcp.seq, conn.info().sndUna);
    ledger.carries({ flow, direction: 'in', from, to: from + tcp.payloadLength });
  }
  ledger.enter('s.o2', packet);
  ledger.count('summedBytes', IPV4_HEADER);
  ledger.leave('passed');
  ledger.leave('born');
}

/** The end of a socket call that moved bytes `from`…`to` of the stream, `copied` of which went through our hands. */
export function traceSocket(
  ledger: Ledger,
  flow: number,
  direction: 'out' | 'in',
  from: number,
  to: number,
  copied: number,
): Fate {
  ledger.count('syscalls', 1);
  ledger.count('copies', 1);
  ledger.count('copiedBytes', copied);
  ledger.carries({ flow, direction, from, to });
  return to > from ? 'ended' : 'queued';
}
