/** Wireshark's tools open what we write, without complaint and with every word in its place. */
import { describe, expect, it } from 'vitest';
import { mac } from '../../emulator/base/address.ts';
import { frameOf } from '../../emulator/base/frame.ts';
import { Capture } from '../../emulator/capture/capture.ts';
import { writePcapng } from '../../emulator/capture/pcapng.ts';
import { fixturePath, readPcap } from './pcap-file.ts';
import { onFile, skipWithout } from './tshark.ts';

/** A real conversation seen at two interfaces, the second a microsecond later. */
function sample(): Capture {
  const capture = new Capture();
  const near = capture.addInterface('vm1.eth0', 'The card of vm1', mac('52:54:00:12:34:56'));
  const far = capture.addInterface('alpha.tap0', 'Host side of the tap, käbel');
  readPcap(fixturePath('bridge.services.pcap')).forEach(({ at, bytes }, i) => {
    near.capture(frameOf(bytes, i + 1), 'out', at + 7);
    far.capture(frameOf(bytes, i + 1), 'in', at + 1007);
  });
  return capture;
}

describe.skipIf(skipWithout('tshark', 'capinfos'))(
  'a pcapng file (skipped without tshark and capinfos)',
  () => {
    const capture = sample();
    const file = writePcapng(capture);
    const fields = (...names: string[]): string[][] => {
      const asked = names.flatMap((name) => ['-e', name]);
      const { lines, complaints } = onFile(file, 'tshark', (path) => [
        '-n',
        '-r',
        path,
        '-T',
        'fields',
        ...asked,
      ]);
      expect(complaints).toEqual([]);
      return lines.map((line) => line.split('\t'));
    };

    it('is read to the last frame, none of them malformed', () => {
      const { lines, complaints } = onFile(file, 'tshark', (path) => ['-n', '-r', path]);
      expect(complaints).toEqual([]);
      expect(lines.length).toBe(capture.next);
      expect(lines.filter((line) => /malformed/i.test(line))).toEqual([]);
    });

    it('names its interfaces', () => {
      const rows = fields('frame.interface_name', 'frame.interface_description');
      expect(rows[0]).toEqual(['vm1.eth0', 'The card of vm1']);
      expect(rows[1]).toEqual(['alpha.tap0', 'Host side of the tap, käbel']);
    });

    it('keeps time to the nanosecond, lengths, directions and packet ids', () => {
      const rows = fields('frame.time_epoch', 'frame.len', 'frame.packet_flags_direction', 'frame.packet_id');
      const expected = Array.from({ length: capture.next }, (_, i) => {
        const frame = capture.frame(i)!;
        const seconds = 1_368_403_200 + Math.floor(frame.at / 1e9);
        const time = `${seconds}.${String(frame.at % 1e9).padStart(9, '0')}`;
        return [
          time,
          String(frame.length),
          frame.direction === 'in' ? '0x00000001' : '0x00000002',
          String(frame.packet),
        ];
      });
      expect(rows).toEqual(expected);
    });

    it('satisfies capinfos', () => {
      const { lines, complaints } = onFile(file, 'capinfos', (path) => [path]);
      expect(complaints).toEqual([]);
      const text = lines.join('\n');
      expect(text).toMatch(/File type: +Wireshark\/\.\.\. - pcapng/);
      expect(text).toMatch(new RegExp(`Number of packets: +${capture.next}\n`));
      expect(text).toMatch(/Name = vm1\.eth0/);
      expect(text).toMatch(/Time precision = nanoseconds \(9\)/);
      expect(text).toMatch(/Capture application: +Tapline/);
      expect(text).toMatch(new RegExp(`Number of packets = ${capture.next / 2}\n`));
    });
  },
);
