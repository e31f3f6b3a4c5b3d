/** Lab 1: the same guest behind NAT and on a bridge; what the filer can tell; what the paths cost. */
import type { Evidence, LabTopology } from '../../worker/api.ts';
import { prefixTable } from '../data/oui-table.ts';
import { defineLab, type LabTable } from '../schema.ts';
import * as check from './check.ts';
import { timingTable } from './timing.ts';

const topology: LabTopology = {
  version: 1,
  seed: 1,
  guests: [{ id: 'vm1', path: 'nat', nic: 'rtl8139', mac: '52:54:00:12:34:56' }],
  macs: { alpha: '00:14:22:0a:00:10', beta: '00:1b:78:0a:00:20', filer: '00:25:90:0a:00:02' },
  cable: { bitsPerSecond: 100_000_000, delayNs: 5_000, queueFrames: 1_000 },
  capture: { snapLength: 65_535, maxFrames: 200_000 },
};

function prefixes(_evidence: Evidence): LabTable {
  return {
    caption: 'MAC prefixes and the platforms they point at (checked 2026-11; ◆ is in the table of 2013)',
    columns: [{ label: 'Prefix' }, { label: 'Points at (confidence, source)' }],
    rows: prefixTable.map((row) => ({
      cells: [
        row.prefix + (row.inStudy ? ' ◆' : ''),
        { text: row.platform, notes: [`${row.confidence.toFixed(1)}, ${row.source}`] },
      ],
    })),
  };
}

export const twoPaths = defineLab({
  id: 'two-paths',
  title: 'Lab 1: Two paths',
  summary: 'One guest, three ways to the LAN: what the filer sees of each, and what each costs.',
  guest: 'vm1',
  findings:
    'behind NAT the filer knows only alpha, while on the bridge it sees the guest itself; a MAC address says who handed out the ' +
    'number, not what the machine is; and what a path costs is for measurements to say, on a clock that is named.',
  topology,
  tables: { prefixes, timing: timingTable },
  steps: [
    { id: 'nat', title: 'Behind NAT', check: check.behindNat },
    {
      id: 'filer',
      title: 'What the filer sees',
      check: check.filerSeesAlpha,
      question: {
        kind: 'text',
        label: 'The filer sees this MAC address (or give the frame that shows it)',
        placeholder: 'aa:bb:cc:dd:ee:ff or #12',
        takesFrame: true,
      },
    },
    { id: 'bridge', title: 'On the bridge', check: check.onBridge },
    {
      id: 'platform',
      title: 'A name in the address',
      check: check.platformNamed,
      question: {
        kind: 'text',
        label: 'The guest’s platform',
        placeholder: 'a platform of the table',
        suggestions: ['QEMU/KVM', 'VMware', 'VirtualBox', 'Xen', 'Microsoft Hyper-V', 'Parallels'],
      },
    },
    { id: 'spoof', title: 'Another address', check: check.addressSpoofed },
    {
      id: 'timing',
      title: 'What the paths cost',
      check: check.pathsTimed,
      question: {
        kind: 'choice',
        label: 'On which path did your download take longest?',
        options: [
          { value: 'nat', label: 'NAT' },
          { value: 'bridge', label: 'Bridge' },
          { value: 'native', label: 'Native' },
          { value: 'none', label: 'All within 5 %' },
        ],
      },
    },
  ],
});
