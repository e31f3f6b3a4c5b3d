/** What may be written into the card's EEPROM, and what to say when it may not. */
import { formatMac, isMulticastMac, MAC_NONE, parseMac } from '../../emulator/base/address.ts';

export type MacField = { readonly mac: string } | { readonly fault: string };

export function readMac(text: string): MacField {
  const mac = parseMac(text.trim());
  if (mac === null)
    return { fault: 'Six pairs of hexadecimal digits with colons between them, like 52:54:00:12:34:56.' };
  if (isMulticastMac(mac))
    return { fault: 'This is a group address: a card’s own has an even second digit, like 52 or 00.' };
  if (mac === MAC_NONE) return { fault: 'All zeros is no address.' };
  return { mac: formatMac(mac) };
}

export const macPresets: readonly { readonly label: string; readonly mac: string }[] = [
  { label: 'As delivered', mac: '52:54:00:12:34:56' },
  { label: 'VMware', mac: '00:0c:29:12:34:56' },
  { label: 'VirtualBox', mac: '08:00:27:12:34:56' },
  { label: 'Untouched v86', mac: '00:22:15:12:34:56' },
  { label: 'Spoofed Dell', mac: '00:14:22:12:34:56' },
];
