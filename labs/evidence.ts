/** What checks of several labs ask of the evidence. Pure. */
import type { CommandRecord, Evidence, EvidencePacket, PathKind } from '../worker/api.ts';
import { frameNumber } from './frame-number.ts';
import type { CheckResult } from './schema.ts';

export const pass = (sentence: string, packet?: EvidencePacket): CheckResult => ({
  status: 'pass',
  sentence,
  ...(packet && { packetIndex: packet.index }),
});

export const fail = (sentence: string, packet?: EvidencePacket): CheckResult => ({
  status: 'fail',
  sentence,
  ...(packet && { packetIndex: packet.index }),
});

export const waiting = (sentence: string): CheckResult => ({ status: 'waiting', sentence });

/** A frame in a sentence, by the number the packet list gives it. */
export const frameName = (packet: EvidencePacket): string => `frame ${frameNumber(packet.index)}`;

/** Commands that match, oldest first; on one path when it is given. */
export const commandsLike = (evidence: Evidence, pattern: RegExp, path?: PathKind): CommandRecord[] =>
  evidence.commands.filter((c) => pattern.test(c.command) && (path === undefined || c.path === path));

/** Frames seen at a tap point, oldest first. */
export const framesAt = (evidence: Evidence, iface: string): EvidencePacket[] =>
  evidence.packets.filter((p) => p.iface === iface);

/** Frames seen while a command ran. */
export const during = (packets: readonly EvidencePacket[], command: CommandRecord): EvidencePacket[] =>
  packets.filter((p) => p.at >= command.startedAt && p.at <= command.endedAt);

/** Addresses the guest's card has sent from, as seen at the card itself. */
export const sendersAt = (evidence: Evidence, iface: string): Set<string> =>
  new Set(
    framesAt(evidence, iface)
      .filter((p) => p.direction === 'out')
      .map((p) => p.ethSrc),
  );

/** Round-trip times in ms, as `ping` printed them. */
export const pingTimes = (output: string): number[] =>
  [...output.matchAll(/time=(\d+(?:\.\d+)?) ms/g)].map((m) => Number(m[1]));

/** Of a list that is not empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
