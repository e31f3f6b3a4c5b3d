/** The packet list against Wireshark's own columns: stored text of real captures, and tshark itself where it is installed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frameOf } from '../../emulator/base/frame.ts';
import { Capture } from '../../emulator/capture/capture.ts';
import { writePcapng } from '../../emulator/capture/pcapng.ts';
import { PacketList } from '../../emulator/capture/summary.ts';
import type { TimedFrame } from './frames.ts';
import { VARIETY } from './frames.ts';
import { fixturePath, readPcap, replay } from './pcap-file.ts';
import { TROUBLED, segments } from './segments.ts';
import { skipWithout, tsharkColumns } from './tshark.ts';

const FIXTURES = ['slirp.services', 'bridge.services'];

function captureOf(frames: readonly TimedFrame[]): Capture {
  const capture = new Capture();
  replay(capture, frames);
  return capture;
}

function rows(capture: Capture): string[] {
  const list = new PacketList(capture);
  return Array.from({ length: capture.next }, (_, i) => {
    const { source, destination, protocol, info } = list.summary(i)!;
    return [source, destination, protocol, info].join('\t').trimEnd();
  });
}

/** The one wording that differs on purpose: names are off in tshark, but everybody calls this address by its name. */
const asOurs = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replaceAll('ff:ff:ff:ff:ff:ff', 'Broadcast').trimEnd());

describe('the packet list reads as Wireshark does', () => {
  it.each(FIXTURES)('on the stored text of %s', (name) => {
    const golden = readFileSync(fixturePath(`${name}.tshark.tsv`), 'utf8')
      .split('\n')
      .filter((l) => l !== '');
    expect(rows(captureOf(readPcap(fixturePath(`${name}.pcap`))))).toEqual(asOurs(golden));
  });

  describe.skipIf(skipWithout('tshark'))('asking tshark (skipped when it is not installed)', () => {
    it.each(FIXTURES)('about %s', (name) => {
      const capture = captureOf(readPcap(fixturePath(`${name}.pcap`)));
      expect(rows(capture)).toEqual(asOurs(tsharkColumns(writePcapng(capture))));
    });

    it('about a connection with losses, reordering, a closed window and keep-alives', () => {
      const capture = captureOf(segments(TROUBLED));
      expect(rows(capture)).toEqual(asOurs(tsharkColumns(writePcapng(capture))));
    });

    it('about frames of many kinds', () => {
      const capture = captureOf(VARIETY.map(({ bytes }, i) => ({ at: i * 1e9, bytes })));
      const theirs = asOurs(tsharkColumns(writePcapng(capture)));
      const ours = rows(capture);
      VARIETY.forEach(({ name, differs }, i) => {
        if (differs === undefined) expect(`${name}: ${ours[i]!}`).toBe(`${name}: ${theirs[i]!}`);
        else expect(ours[i], `${name} no longer differs (${differs})`).not.toBe(theirs[i]);
      });
    });
  });
});

describe('the packet list', () => {
  it('starts its streams anew when the capture was cleared', () => {
    const capture = captureOf(segments(TROUBLED));
    const before = rows(capture);
    const list = new PacketList(capture);
    list.summary(3);
    capture.clear();
    const point = capture.addInterface('eth1', '');
    segments(TROUBLED).forEach(({ at, bytes }, i) => point.capture(frameOf(bytes, i + 1), 'in', at));
    expect(list.summary(8)!.info).toBe(before[8]!.split('\t')[3]);
  });

  it('does not take a frame seen at two interfaces for a retransmission', () => {
    const capture = new Capture();
    const points = [capture.addInterface('a', ''), capture.addInterface('b', '')];
    for (const { at, bytes } of segments(TROUBLED.slice(2, 5)))
      for (const point of points) point.capture(frameOf(bytes, 1), 'in', at);
    expect(rows(capture).filter((row) => row.includes('[TCP'))).toEqual([]);
  });

  it('shows the same rows in whatever order they are asked for, also with old frames lost', () => {
    const frames = segments(TROUBLED);
    const whole = rows(captureOf(frames));
    const capture = new Capture({ maxFrames: 20 });
    const list = new PacketList(capture);
    const point = capture.addInterface('eth0', '');
    frames.forEach(({ at, bytes }, i) => {
      point.capture(frameOf(bytes, i + 1), 'in', at);
      if (i % 5 === 0) list.summary(i);
    });
    for (let i = capture.next - 1; i >= capture.first; i--)
      expect(list.summary(i)!.info).toBe(whole[i]!.split('\t')[3]);
  });

  it('counts rows from what it is told', () => {
    const capture = captureOf(readPcap(fixturePath('slirp.services.pcap')));
    expect(new PacketList(capture, 0).summary(9)!.info).toContain('(request in 8)');
    expect(new PacketList(capture).summary(9)!.info).toContain('(request in 9)');
  });
});
