import { describe, expect, it } from 'vitest';
import { identifyMac, namesPlatform } from './oui.ts';
import { prefixTable } from './oui-table.ts';

describe('identifyMac', () => {
  it('names QEMU/KVM by its habit, with confidence and source', () => {
    expect(identifyMac('52:54:00:ab:cd:ef')).toMatchObject({
      verdict: 'hypervisor',
      platform: 'QEMU/KVM',
      prefix: '52:54:00',
      confidence: 0.8,
    });
  });

  it('prefers the longest prefix', () => {
    expect(identifyMac('52:54:00:12:34:56').prefix).toBe('52:54:00:12:34:56');
    expect(identifyMac('00:1d:d8:b7:1c:00').platform).toBe('Microsoft System Center VMM');
    expect(identifyMac('00:1d:d8:f4:20:00').verdict).toBe('unknown');
  });

  it('gives every prefix of the study a verdict', () => {
    const study = prefixTable.filter((r) => r.inStudy);
    expect(study.map((r) => r.prefix).sort()).toEqual(
      [
        '52:54:00', '00:50:56', '00:0C:29', '00:05:69', '00:03:FF', '00:1C:42', '00:0F:4B', '00:16:3E', '08:00:27',
      ].sort(), // prettier-ignore
    );
    for (const row of study) expect(identifyMac(`${row.prefix}:01:02:03`).verdict).toBe('hypervisor');
  });

  it('tells Hyper-V from Virtual PC, which the study did not', () => {
    expect(identifyMac('00:15:5d:00:00:01').platform).toBe('Microsoft Hyper-V');
    expect(identifyMac('00:03:ff:00:00:01').platform).toContain('Virtual PC');
  });

  it('takes an untouched v86 for an ASUSTek board, not conclusively', () => {
    expect(identifyMac('00:22:15:01:02:03')).toMatchObject({
      verdict: 'shared',
      platform: 'ASUSTek',
      confidence: 0.3,
    });
  });

  it('names builders of physical cards', () => {
    expect(identifyMac('00:14:22:0a:00:10')).toMatchObject({ verdict: 'vendor', platform: 'Dell' });
  });

  it('reads the IPv4 address out of a Docker MAC', () => {
    expect(identifyMac('02:42:ac:11:00:02').embedded).toBe('172.17.0.2');
    expect(identifyMac('42:01:0a:f0:00:19').embedded).toBe('10.240.0.25');
  });

  it('calls a group address malformed as a source, whatever the table says', () => {
    expect(identifyMac('53:54:00:12:34:56').verdict).toBe('group');
  });

  it('tells a random local address from one that is only missing in the table', () => {
    expect(identifyMac('6a:11:22:33:44:55').verdict).toBe('unknown-local');
    expect(identifyMac('70:11:22:33:44:55').verdict).toBe('unknown');
  });

  it('says what a MAC address looks like when it is given something else', () => {
    expect(identifyMac('52:54:00').verdict).toBe('malformed');
    expect(identifyMac('52:54:00').sentence).toContain('52:54:00:12:34:56');
  });

  it('holds only sound rows', () => {
    for (const row of prefixTable) {
      expect(row.prefix).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){1,5}$/);
      expect(row.confidence).toBeGreaterThan(0);
      const local = (parseInt(row.prefix.slice(0, 2), 16) & 2) === 2;
      if (row.kind === 'convention') expect(local, row.prefix).toBe(true);
      else expect(local, row.prefix).toBe(false);
    }
    expect(new Set(prefixTable.map((r) => r.prefix)).size).toBe(prefixTable.length);
  });
});

describe('namesPlatform', () => {
  it('accepts any of the names people use', () => {
    for (const answer of ['QEMU', 'kvm', 'KVM + QEMU', 'qemu/kvm', 'It is QEMU.'])
      expect(namesPlatform('QEMU/KVM', answer), answer).toBe(true);
  });

  it('refuses another platform and noise', () => {
    for (const answer of ['VMware', 'virtual', '', 'xen', 'q'])
      expect(namesPlatform('QEMU/KVM', answer)).toBe(false);
  });
});
