/** UDP, and what runs over it: DHCP, DNS; TFTP by name only. */
import { u16be } from '../../base/bytes.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../../wire/dhcpv4.ts';
import { DNS_PORT, MDNS_PORT } from '../../wire/dns.ts';
import { UDP_HEADER } from '../../wire/udp.ts';
import type { Field } from '../field.ts';
import { dataField, field } from '../field.ts';
import type { Layers } from '../layers.ts';
import { portsOf } from '../layers.ts';
import { TFTP_OPCODES, hex4, nameOf } from '../names.ts';
import { checksumField, transportSum } from './checksum.ts';
import { dhcpFields } from './dhcp.ts';
import { dnsFields } from './dns.ts';

export function udpFields(b: Uint8Array, layers: Layers, tftpBlock: number): Field[] {
  const { transport: at } = layers;
  const captured = Math.min(layers.end, b.length);
  const ports = portsOf(b, layers);
  if (ports === null) return [field('[Malformed Packet: UDP]', at, captured)];
  const length = u16be(b, at + 4);
  const end = at + length;
  const checksum =
    u16be(b, at + 6) === 0
      ? field(`Checksum: ${hex4(0)} [zero: not computed]`, at + 6, at + 8)
      : checksumField(b, at + 6, 'Checksum', end <= layers.end ? transportSum(b, layers, at, end) : null);
  const header = field(
    `User Datagram Protocol, Src Port: ${ports.src}, Dst Port: ${ports.dst}`,
    at,
    at + UDP_HEADER,
    [
      field(`Source Port: ${ports.src}`, at, at + 2),
      field(`Destination Port: ${ports.dst}`, at + 2, at + 4),
      field(`Length: ${length}${length < UDP_HEADER ? ' [bogus, below 8]' : ''}`, at + 4, at + 6),
      checksum,
    ],
  );
  const from = at + UDP_HEADER;
  const to = length < UDP_HEADER ? from : Math.min(end, captured);
  return from < to ? [header, ...payloadFields(b, from, to, ports.src, ports.dst, tftpBlock)] : [header];
}

function payloadFields(
  b: Uint8Array,
  from: number,
  to: number,
  src: number,
  dst: number,
  tftp: number,
): Field[] {
  const either = (port: number): boolean => src === port || dst === port;
  if (either(DHCP_SERVER_PORT) || either(DHCP_CLIENT_PORT)) return dhcpFields(b, from, to);
  if (either(DNS_PORT) || either(MDNS_PORT)) return dnsFields(b, from, to);
  if (tftp > 0 && from + 4 <= to) {
    const opcode = u16be(b, from);
    return [
      field('Trivial File Transfer Protocol', from, to, [
        field(`Opcode: ${nameOf(TFTP_OPCODES, opcode)} (${opcode})`, from, from + 2),
        dataField(b, from + 2, to, 'Rest of the message'),
      ]),
    ];
  }
  return [dataField(b, from, to)];
}
