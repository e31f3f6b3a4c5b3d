import { describe, expect, it } from 'vitest';
import { DEFAULT_TOPOLOGY } from './topology.ts';
import { checkMac, checkPath, validateTopology } from './validate.ts';

const faultsOf = (input: unknown): readonly string[] => {
  const checked = validateTopology(input);
  return checked.ok ? [] : checked.faults;
};

describe('validateTopology', () => {
  it('fills what is left out from the default', () => {
    expect(validateTopology({})).toEqual({ ok: true, value: DEFAULT_TOPOLOGY });
  });

  it('keeps the default as it is', () => {
    expect(validateTopology(JSON.parse(JSON.stringify(DEFAULT_TOPOLOGY)))).toEqual({
      ok: true,
      value: DEFAULT_TOPOLOGY,
    });
  });

  it('names every fault by its field', () => {
    const faults = faultsOf({
      seed: -1,
      guests: [{ id: 'VM 1', path: 'wifi', mac: '52:54', nic: 'e1000' }],
      cable: { bitsPerSecond: 0 },
      capture: 3,
    });
    for (const field of [
      'seed',
      'guests[0].id',
      'guests[0].path',
      'guests[0].mac',
      'guests[0].nic',
      'cable.bitsPerSecond',
      'capture',
    ])
      expect(faults.some((f) => f.startsWith(field))).toBe(true);
  });

  it('refuses what is not an object, another version, and an empty list of guests', () => {
    expect(faultsOf(null)).toHaveLength(1);
    expect(faultsOf([])).toHaveLength(1);
    expect(faultsOf({ version: 2 })[0]).toContain('version');
    expect(faultsOf({ guests: [] })[0]).toContain('guests');
    expect(faultsOf({ guests: [null] })[0]).toContain('guests[0]');
  });

  it('refuses two cards with one MAC', () => {
    expect(faultsOf({ guests: [{ mac: DEFAULT_TOPOLOGY.macs.filer }] })[0]).toContain(
      'both have the MAC address',
    );
  });
});

describe('checkMac', () => {
  it('accepts colons and dashes and answers lower case', () => {
    expect(checkMac(' 08-00-27-AB-CD-EF ')).toEqual({ ok: true, value: '08:00:27:ab:cd:ef' });
  });

  it.each(['', 'hello', '52:54:00:12:34', '52:54:00:12:34:5g', '525400123456', 5, null])(
    'refuses %s',
    (input) => {
      expect(checkMac(input).ok).toBe(false);
    },
  );

  it('refuses group addresses and zero', () => {
    expect(checkMac('01:00:5e:00:00:01').ok).toBe(false);
    expect(checkMac('ff:ff:ff:ff:ff:ff').ok).toBe(false);
    expect(checkMac('00:00:00:00:00:00').ok).toBe(false);
  });
});

describe('checkPath', () => {
  it('knows three paths', () => {
    expect(['nat', 'bridge', 'native'].every((p) => checkPath(p).ok)).toBe(true);
    expect(checkPath('NAT').ok).toBe(false);
    expect(checkPath(undefined).ok).toBe(false);
  });
});
