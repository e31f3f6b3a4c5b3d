/** Checks of lab 1. Each says what it expected and what it saw. */
import type { CommandRecord, Evidence, EvidencePacket } from '../../worker/api.ts';
import { parseMac, formatMac } from '../../emulator/base/address.ts';
import { identifyMac, namesPlatform } from '../data/oui.ts';
import { commandsLike, during, fail, frameName, framesAt, pass, sendersAt, waiting } from '../evidence.ts';
import { frameIndex } from '../frame-number.ts';
import type { CheckResult, LabAnswers } from '../schema.ts';
import { PATH_NAMES, PING, pathTimings, slowestDownload, type PathTiming } from './timing.ts';

const FILER = 'filer.eth0';
const NAT_ADDRESS = '10.0.2.15';
const ALPHA_ADDRESS = '192.168.76.10';
const DHCP_ACK = 5;
const ECHO_REPLY = 0;

/** The guest's card, where it sends from. */
const cardOf = (evidence: Evidence): string => `${evidence.topology.guests[0]?.id ?? 'vm1'}.eth0`;

const isLanAddress = (ip: string | null): boolean => ip !== null && /^192\.168\.76\.\d+$/.test(ip);

function lease(evidence: Evidence, wanted: (ip: string) => boolean): EvidencePacket | undefined {
  return framesAt(evidence, cardOf(evidence)).findLast(
    (p) => p.dhcpType === DHCP_ACK && p.dhcpYiaddr !== null && wanted(p.dhcpYiaddr),
  );
}

const repliesTo = (evidence: Evidence, ping: CommandRecord): EvidencePacket[] =>
  during(framesAt(evidence, cardOf(evidence)), ping).filter(
    (p) => p.icmpType === ECHO_REPLY && p.direction === 'in',
  );

/** The last ping on the path which was answered, or what is wrong with the last one. */
function answeredPing(
  evidence: Evidence,
  path: 'nat' | 'bridge',
): { readonly ping: CommandRecord; readonly reply: EvidencePacket } | CheckResult {
  const pings = commandsLike(evidence, PING, path);
  for (const ping of pings.toReversed()) {
    const reply = repliesTo(evidence, ping).at(-1);
    if (reply && ping.exitCode === 0) return { ping, reply };
  }
  const last = pings.at(-1);
  if (last)
    return fail(
      `Expected echo replies from 192.168.76.2 at the guest’s card; “${last.command.trim()}” ended with exit code ` +
        `${last.exitCode} and ${repliesTo(evidence, last).length} replies. Look at the last echo request and how far it came.`,
    );
  const elsewhere = commandsLike(evidence, PING).at(-1);
  return waiting(
    elsewhere
      ? `Your last ping ran on the path ${PATH_NAMES[elsewhere.path]}; this step asks for one on ${PATH_NAMES[path]}.`
      : 'Waiting for ping -c 3 192.168.76.2.',
  );
}

export function behindNat(evidence: Evidence): CheckResult {
  const ack = lease(evidence, (ip) => ip === NAT_ADDRESS);
  if (!ack) {
    const other = lease(evidence, () => true);
    return other
      ? fail(
          `Expected a lease of ${NAT_ADDRESS} at the guest’s card; it got ${other.dhcpYiaddr}. Set the path to NAT.`,
          other,
        )
      : waiting(`Waiting for the guest’s lease: a DHCP ACK with ${NAT_ADDRESS}.`);
  }
  const found = answeredPing(evidence, 'nat');
  if ('status' in found) return found;
  return pass(
    `The guest has ${NAT_ADDRESS}, given by the NAT itself (${frameName(ack)}), and the filer answered its ping.`,
    found.reply,
  );
}

/** The MAC an answer means: typed out, or the source of the frame it points at (`#12`). */
function answeredMac(
  evidence: Evidence,
  answer: string,
): { readonly mac: string; readonly frame?: EvidencePacket } | CheckResult {
  const pointed = /^#\s*(\d+)$/.exec(answer);
  if (!pointed) {
    const mac = parseMac(answer);
    if (mac === null)
      return fail(`“${answer}” is neither a MAC address (six pairs of digits) nor a frame such as #12.`);
    return { mac: formatMac(mac) };
  }
  const frame = evidence.packets.find((p) => p.index === frameIndex(Number(pointed[1])));
  if (!frame)
    return fail(`Frame ${pointed[1]} is not in the capture, or it is one of a bulk transfer; pick another.`);
  if (frame.iface !== FILER)
    return fail(`Expected a frame seen at ${FILER}; ${frameName(frame)} was seen at ${frame.iface}.`, frame);
  if (frame.direction !== 'in')
    return fail(`The filer sent ${frameName(frame)}; pick one that arrives there.`, frame);
  return { mac: frame.ethSrc, frame };
}

export function filerSeesAlpha(evidence: Evidence, answers: LabAnswers): CheckResult {
  const found = answeredPing(evidence, 'nat');
  if ('status' in found) return found;
  const atFiler = during(framesAt(evidence, FILER), found.ping).filter((p) => p.direction === 'in');
  const guestMacs = sendersAt(evidence, cardOf(evidence));
  const leak = atFiler.find((p) => guestMacs.has(p.ethSrc) || p.ipSrc?.startsWith('10.0.2.'));
  if (leak)
    return fail(
      `Expected nothing of the guest at the filer while it was behind NAT; ${frameName(leak)} carries ${leak.ethSrc} and ${leak.ipSrc ?? 'no IP address'}.`,
      leak,
    );
  const shown = atFiler.find((p) => p.icmpType === 8 && p.ipSrc === ALPHA_ADDRESS);
  if (!shown)
    return waiting(`Waiting for the ping’s echo request at ${FILER}; run the ping once more on NAT.`);
  const answer = (answers['filer'] ?? '').trim();
  if (answer === '') return waiting('Waiting for your answer: whose MAC address does the filer see?');
  const meant = answeredMac(evidence, answer);
  if ('status' in meant) return meant;
  if (meant.mac === shown.ethSrc)
    return pass(
      `The filer gets ${frameName(shown)} from ${shown.ethSrc}, ${ALPHA_ADDRESS}: alpha. The guest’s own MAC and 10.0.2.15 appear nowhere there.`,
      shown,
    );
  if (guestMacs.has(meant.mac))
    return fail(
      `${meant.mac} is the guest’s card. It stays on alpha: the frames that reach ${FILER} with ${ALPHA_ADDRESS} have another source.`,
    );
  return fail(
    `Expected the source of the echo requests at ${FILER}; ${meant.mac} is not. Filter the packet list by ${FILER} and read the Ethernet line.`,
    meant.frame,
  );
}

export function onBridge(evidence: Evidence): CheckResult {
  const path = evidence.topology.guests[0]?.path;
  const found = answeredPing(evidence, 'bridge');
  if ('status' in found) {
    if (found.status === 'fail' || path === 'bridge') return found;
    return waiting('Waiting for the switch to the bridge.');
  }
  const ack = lease(evidence, isLanAddress);
  if (!ack)
    return fail(
      'Expected a DHCP ACK with an address in 192.168.76.0/24 at the guest’s card; there is none yet.',
    );
  return pass(
    `The guest has ${ack.dhcpYiaddr}, a lease of its own on the LAN (${frameName(ack)}), and the filer answered its ping.`,
    found.reply,
  );
}

/** Frames which the guest's own card sent and which reached the filer unchanged. */
function guestFramesAtFiler(evidence: Evidence): EvidencePacket[] {
  const guestMacs = sendersAt(evidence, cardOf(evidence));
  return framesAt(evidence, FILER).filter((p) => p.direction === 'in' && guestMacs.has(p.ethSrc));
}

const pointsAtQemu = (mac: string): boolean => identifyMac(mac).platform === 'QEMU/KVM';

export function platformNamed(evidence: Evidence, answers: LabAnswers): CheckResult {
  const shown = guestFramesAtFiler(evidence).find((p) => pointsAtQemu(p.ethSrc));
  if (!shown)
    return waiting(`Waiting for a frame at ${FILER} whose source starts with 52:54:00; ping on the bridge.`);
  const answer = (answers['platform'] ?? '').trim();
  if (answer === '') return waiting('Waiting for your answer: which platform does the table name?');
  const { platform, prefix } = identifyMac(shown.ethSrc);
  if (platform !== null && namesPlatform(platform, answer))
    return pass(`${shown.ethSrc} at ${FILER} (${frameName(shown)}): the table says ${platform}.`, shown);
  return fail(
    `The table has another name than “${answer}” for ${prefix ?? shown.ethSrc}: look for the row whose prefix begins ${frameName(shown)}’s source.`,
    shown,
  );
}

export function addressSpoofed(evidence: Evidence): CheckResult {
  const shown = guestFramesAtFiler(evidence).findLast((p) => !pointsAtQemu(p.ethSrc));
  if (!shown) {
    const set = evidence.topology.guests[0]?.mac;
    return waiting(
      set !== undefined && !pointsAtQemu(set)
        ? `The card has ${set} now; waiting for a frame with it at ${FILER}. Ping once more on the bridge.`
        : 'Waiting for another MAC address in the control above the picture.',
    );
  }
  const { platform } = identifyMac(shown.ethSrc);
  const says = platform === null ? 'the table has no name for it' : `the table says ${platform}`;
  return pass(
    `The filer sees ${shown.ethSrc} (${frameName(shown)}) and ${says}. The machine is the same; only the number on its card changed.`,
    shown,
  );
}

const seconds = (t: PathTiming): string => `${PATH_NAMES[t.path]} ${t.download!.toFixed(3)} s`;

export function pathsTimed(evidence: Evidence, answers: LabAnswers): CheckResult {
  const timings = pathTimings(evidence);
  const missing = timings.flatMap((t) => [
    ...(t.pings === null ? [`ping on ${PATH_NAMES[t.path]}`] : []),
    ...(t.download === null ? [`download on ${PATH_NAMES[t.path]}`] : []),
  ]);
  if (missing.length > 0) return waiting(`Still to time: ${missing.join(', ')}.`);
  const answer = answers['timing'] ?? '';
  if (answer === '') return waiting('Waiting for your answer.');
  const right = slowestDownload(timings);
  const seen = timings.map(seconds).join(', ');
  if (answer === right)
    return pass(
      right === 'none'
        ? `Right: ${seen}, all within 5 %.`
        : `Right: ${seen}. ${PATH_NAMES[right!]} took longest in this run.`,
    );
  return fail(`Your table says otherwise: ${seen}. Within 5 % of the shortest counts as no difference.`);
}
