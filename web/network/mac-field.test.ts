import { describe, expect, it } from 'vitest';
import { identifyMac } from '../../labs/data/oui.ts';
import { macPresets, readMac } from './mac-field.ts';

describe('the MAC field', () => {
  it('takes hyphens, spaces around and capitals, and writes the usual form', () => {
    expect(readMac(' 00-0C-29-AB-CD-EF ')).toEqual({ mac: '00:0c:29:ab:cd:ef' });
  });

  it.each(['', '52:54:00', '52:54:00:12:34:5g', '5254.0012.3456', '52:54:00:12:34:56:78'])(
    'says what an address looks like when given “%s”',
    (text) => expect(readMac(text)).toHaveProperty('fault', expect.stringContaining('52:54:00:12:34:56')),
  );

  it('refuses group addresses and all zeros', () => {
    expect(readMac('01:00:5e:00:00:01')).toHaveProperty('fault', expect.stringContaining('group'));
    expect(readMac('ff:ff:ff:ff:ff:ff')).toHaveProperty('fault');
    expect(readMac('00:00:00:00:00:00')).toHaveProperty('fault');
  });

  it('offers only addresses it would take, each with a verdict', () => {
    for (const { mac } of macPresets) {
      expect(readMac(mac)).toEqual({ mac });
      expect(identifyMac(mac).platform).not.toBeNull();
    }
  });
});
