/** The reset that answers a segment no connection wants. Follows RFC 9293 §3.10.7.1 ("If the state is CLOSED"). */
import type { Ipv4Addr } from '../../base/address.ts';
import { seqAdd } from '../../wire/seq.ts';
import { ACK_FLAG, FIN, putTcp, RST, SYN, TCP_HEADER, type TcpView } from '../../wire/tcp.ts';

/**
 * Writes the RST for `seg`, which came from `src` to `dst`, at `out[at..]`; returns its length, 0 when none may be sent
 * ("An incoming segment containing a RST is discarded").
 */
export function resetFor(seg: TcpView, src: Ipv4Addr, dst: Ipv4Addr, out: Uint8Array, at: number): number {
  const flags = seg.flags;
  if (flags & RST) return 0;
  const acked = (flags & ACK_FLAG) !== 0;
  const length = seg.payloadLength + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  putTcp(out, at, at + TCP_HEADER, TCP_HEADER, dst, src, {
    srcPort: seg.dstPort,
    dstPort: seg.srcPort,
    seq: acked ? seg.ack : 0,
    ack: acked ? 0 : seqAdd(seg.seq, length),
    flags: acked ? RST : RST | ACK_FLAG,
    window: 0,
    urgent: 0,
  });
  return TCP_HEADER;
}
