/**
 * The card's PCI configuration space as it is after power-on.
 * Follows: PCI 2.2 §6.1 (header type 0); RTL8139C data sheet, "PCI Configuration Space Table".
 * Leaves out: the capability list (no power management, no MSI) and the boot ROM.
 */
import { put16le } from '../../base/bytes.ts';
import type { PciBar } from '../../base/machine-ports.ts';

const VENDOR = 0x00;
const DEVICE = 0x02;
const STATUS = 0x06;
const REVISION = 0x08;
const CLASS = 0x09;
const BAR0 = 0x10;
const SUBSYSTEM_VENDOR = 0x2c;
const SUBSYSTEM_DEVICE = 0x2e;
const INTERRUPT_PIN = 0x3d;
const MIN_GNT = 0x3e;
const MAX_LAT = 0x3f;

const REALTEK = 0x10ec;
const RTL8139 = 0x8139;
/** Medium DEVSEL timing, fast back-to-back. */
const STATUS_DEVSEL_MEDIUM_FAST_B2B = 0x0280;
/** Network controller, Ethernet. */
const CLASS_ETHERNET = [0x00, 0x00, 0x02];
const BAR_IO = 0x01;
const INTA = 1;

/** The same registers twice: Linux uses the memory window unless told otherwise, others the I/O window. */
export const RTL8139_BARS: readonly PciBar[] = [
  { kind: 'io', size: 256 },
  { kind: 'memory', size: 256 },
];

/** 256 bytes; addresses are left for the machine to assign. */
export function pciConfigSpace(revision: number): Uint8Array {
  const space = new Uint8Array(256);
  put16le(space, VENDOR, REALTEK);
  put16le(space, DEVICE, RTL8139);
  put16le(space, STATUS, STATUS_DEVSEL_MEDIUM_FAST_B2B);
  space[REVISION] = revision;
  space.set(CLASS_ETHERNET, CLASS);
  space[BAR0] = BAR_IO;
  put16le(space, SUBSYSTEM_VENDOR, REALTEK);
  put16le(space, SUBSYSTEM_DEVICE, RTL8139);
  space[INTERRUPT_PIN] = INTA;
  space[MIN_GNT] = 0x20;
  space[MAX_LAT] = 0x40;
  return space;
}
