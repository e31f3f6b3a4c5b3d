/** Ethernet II and 802.1Q tags. */
import { u16be } from '../../base/bytes.ts';
import { ETHERNET_HEADER, FIRST_ETHERTYPE } from '../../wire/ethernet.ts';
import { macAt } from '../address-text.ts';
import type { Field } from '../field.ts';
import { bits, field } from '../field.ts';
import type { Layers } from '../layers.ts';
import { ETHERTYPES, hex4, nameOf } from '../names.ts';

export function ethernetFields(b: Uint8Array, layers: Layers): Field {
  const children = [address(b, 0, 'Destination'), address(b, 6, 'Source'), type(b, 12)];
  for (let at = ETHERNET_HEADER; at < layers.network; at += 4) children.push(tag(b, at));
  return field(`Ethernet II, Src: ${macAt(b, 6)}, Dst: ${macAt(b, 0)}`, 0, layers.network, children);
}

/** What follows the packet to fill a short frame; none when there is nothing. */
export function paddingFields(b: Uint8Array, { family, fault, end }: Layers): Field[] {
  if (family === 0 || fault !== null || end >= b.length) return [];
  const length = b.length - end;
  return [field(`Ethernet padding (${length} ${length === 1 ? 'byte' : 'bytes'})`, end, b.length)];
}

function address(b: Uint8Array, at: number, name: string): Field {
  const first = b[at]!;
  const local = first & 2 ? 'Locally administered address' : 'Globally unique address (factory default)';
  const group = first & 1 ? 'Group address (multicast/broadcast)' : 'Individual address (unicast)';
  return field(`${name}: ${macAt(b, at)}`, at, at + 6, [
    bits(8, 2, first, `LG bit: ${local}`, at, 1),
    bits(8, 1, first, `IG bit: ${group}`, at, 1),
  ]);
}

function type(b: Uint8Array, at: number): Field {
  const value = u16be(b, at);
  const label =
    value < FIRST_ETHERTYPE ? `Length: ${value}` : `Type: ${nameOf(ETHERTYPES, value)} (${hex4(value)})`;
  return field(label, at, at + 2);
}

function tag(b: Uint8Array, at: number): Field {
  const tci = u16be(b, at);
  return field(
    `802.1Q Virtual LAN, PRI: ${tci >>> 13}, DEI: ${(tci >>> 12) & 1}, ID: ${tci & 0xfff}`,
    at,
    at + 4,
    [
      bits(16, 0xe000, tci, `Priority: ${tci >>> 13}`, at, 2),
      bits(16, 0x1000, tci, `DEI: ${tci & 0x1000 ? 'Eligible' : 'Ineligible'}`, at, 2),
      bits(16, 0x0fff, tci, `ID: ${tci & 0xfff}`, at, 2),
      type(b, at + 2),
    ],
  );
}
