/** The address plan of the lab's LAN and of the network behind NAT, and the names of the tap points. */
import { ipv4 } from '../base/address.ts';

export const LAN_PREFIX = 24;
export const FILER_ADDRESS = ipv4('192.168.76.2');
export const ALPHA_ADDRESS = ipv4('192.168.76.10');
/** The filer's DHCP server keeps it for beta's card. */
export const BETA_ADDRESS = ipv4('192.168.76.20');
/** First and last address the filer leases. */
export const POOL_FIRST = ipv4('192.168.76.100');
export const POOL_LAST = ipv4('192.168.76.199');
/** What SLIRP leases first. */
export const NAT_GUEST_ADDRESS = ipv4('10.0.2.15');

export const DOMAIN = 'lab';

/** Where frames can be watched, in the order of the interfaces in a capture file. */
export const TAP_POINTS = [
  {
    key: 'guest',
    name: 'vm1.eth0',
    description: "The guest's card: what the virtual machine vm1 sends and receives",
  },
  {
    key: 'slirp',
    name: 'alpha.slirp',
    description: "SLIRP's outside: what alpha's own TCP/IP sends and receives for SLIRP's sockets, on br0",
  },
  { key: 'tap', name: 'alpha.tap0', description: 'The tap device between QEMU and br0 on alpha' },
  { key: 'alpha', name: 'alpha.eth0', description: "Alpha's physical card" },
  { key: 'beta', name: 'beta.eth0', description: 'The card of the physical machine beta' },
  { key: 'filer', name: 'filer.eth0', description: "The filer's card" },
] as const;

export type TapKey = (typeof TAP_POINTS)[number]['key'];
