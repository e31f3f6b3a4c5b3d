/** ARP for IPv4 over Ethernet. */
import { u16be } from '../../base/bytes.ts';
import { ARP_LENGTH } from '../../wire/arp.ts';
import { ipv4At, macAt } from '../address-text.ts';
import type { Field } from '../field.ts';
import { field } from '../field.ts';
import { ARP_OPERATIONS, ETHERTYPES, hex4, nameOf } from '../names.ts';

export function arpFields(b: Uint8Array, at: number): Field[] {
  if (at + ARP_LENGTH > b.length) return [field('[Malformed Packet: ARP]', at, b.length)];
  const oper = u16be(b, at + 6);
  const operation = nameOf(ARP_OPERATIONS, oper, 'unknown');
  const hardware = u16be(b, at);
  const protocol = u16be(b, at + 2);
  const children = [
    field(`Hardware type: ${hardware === 1 ? 'Ethernet' : 'Unknown'} (${hardware})`, at, at + 2),
    field(`Protocol type: ${nameOf(ETHERTYPES, protocol)} (${hex4(protocol)})`, at + 2, at + 4),
    field(`Hardware size: ${b[at + 4]!}`, at + 4, at + 5),
    field(`Protocol size: ${b[at + 5]!}`, at + 5, at + 6),
    field(`Opcode: ${operation} (${oper})`, at + 6, at + 8),
  ];
  if (b[at + 4] === 6 && b[at + 5] === 4)
    children.push(
      field(`Sender MAC address: ${macAt(b, at + 8)}`, at + 8, at + 14),
      field(`Sender IP address: ${ipv4At(b, at + 14)}`, at + 14, at + 18),
      field(`Target MAC address: ${macAt(b, at + 18)}`, at + 18, at + 24),
      field(`Target IP address: ${ipv4At(b, at + 24)}`, at + 24, at + 28),
    );
  return [field(`Address Resolution Protocol (${operation})`, at, at + ARP_LENGTH, children)];
}
