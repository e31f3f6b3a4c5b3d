/**
 * Every register of the chip, one row each, in the order of the data sheet: the page to keep open next to it.
 * Follows: RTL8139C(L) data sheet, "Register Descriptions". Offsets that no row names are holes.
 * The table drives the dispatch (../register-file.ts), panels and documentation.
 */
import type { AccessWidth, Register } from '../register-file.ts';
import type { Rtl8139 } from './rtl8139.ts';
import * as R from './registers.ts';
import { type ChipVariant, RTL8139C } from './variant.ts';

type Row = Register<Rtl8139>;

/** `count` rows of the same kind, one after the other. */
const rows = (count: number, row: (index: number) => Row): Row[] =>
  Array.from({ length: count }, (_, index) => row(index));

/** A register that keeps what is written and does nothing else. */
function kept(at: number, width: AccessWidth, name: string, meaning: string): Row {
  return {
    at, width, name, access: 'RW', reset: 0, meaning,
    read: (c) => c.readKept(at, width),
    write: (c, v) => c.writeKept(at, width, v),
  }; // prettier-ignore
}

/** A counter or status that is always 0 here. */
const zero = (at: number, width: AccessWidth, name: string, meaning: string): Row => ({
  at, width, name, access: 'RO', reset: 0, meaning,
}); // prettier-ignore

const transmitRows: readonly Row[] = [
  ...rows(4, (n) => ({
    // Starts a transmission, so halves and bytes act when the last byte arrives.
    at: R.TSD0 + 4 * n, width: 4, name: `TSD${n}`, access: 'RW', reset: R.TSD_OWN, partial: 'latch',
    meaning: `Transmit status of descriptor ${n}; written with OWN = 0 it starts the transmission`,
    read: (c) => c.transmit.tsd(n),
    write: (c, v) => c.transmit.writeTsd(n, v),
  })),
  ...rows(4, (n) => ({
    at: R.TSAD0 + 4 * n, width: 4, name: `TSAD${n}`, access: 'RW', reset: 0,
    meaning: `Transmit start address of descriptor ${n}`,
    read: (c) => c.transmit.tsad[n]!,
    write: (c, v) => { c.transmit.tsad[n] = v; },
  })),
]; // prettier-ignore

const receiveRows: readonly Row[] = [
  {
    at: R.RBSTART, width: 4, name: 'RBSTART', access: 'RW', reset: 0,
    meaning: 'Receive ring start address; writing it moves no pointer',
    read: (c) => c.receive.rbstart,
    write: (c, v) => { c.receive.rbstart = v; },
  },
  zero(R.ERBCR, 2, 'ERBCR', 'Early receive byte count'),
  { at: R.ERSR, width: 1, name: 'ERSR', access: 'W1C', reset: 0, partial: 'zero', meaning: 'Early receive status' },
  {
    at: R.CR, width: 1, name: 'CR', access: 'RW', reset: R.CR_BUFE,
    meaning: 'Command: RST, RE, TE, and BUFE (ring empty, read-only)',
    read: (c) => c.readCr(),
    write: (c, v) => c.writeCr(v),
  },
  {
    // Half a pointer would look like a full or empty ring, so bytes act together.
    at: R.CAPR, width: 2, name: 'CAPR', access: 'RW', reset: 0xfff0, partial: 'latch',
    meaning: "Current address of packet read: the driver's place in the ring, minus 16",
    read: (c) => c.receive.capr,
    write: (c, v) => c.receive.writeCapr(v),
  },
  {
    at: R.CBR, width: 2, name: 'CBR', access: 'RO', reset: 0,
    meaning: "Current buffer address: the chip's place in the ring",
    read: (c) => c.receive.cbr,
  },
]; // prettier-ignore

const interruptRows: readonly Row[] = [
  {
    at: R.IMR, width: 2, name: 'IMR', access: 'RW', reset: 0, meaning: 'Interrupt mask',
    read: (c) => c.interrupts.imr,
    write: (c, v) => c.interrupts.setMask(v),
  },
  {
    at: R.ISR, width: 2, name: 'ISR', access: 'W1C', reset: 0, partial: 'zero',
    meaning: 'Interrupt status; ones clear, reading does not',
    read: (c) => c.interrupts.isr,
    write: (c, v) => c.interrupts.acknowledge(v),
  },
]; // prettier-ignore

const controlRows = (chip: ChipVariant): readonly Row[] => [
  {
    at: R.TCR, width: 4, name: 'TCR', access: 'RW', reset: chip.hwVerId,
    meaning: 'Transmit configuration; the chip id in it is read-only',
    read: (c) => c.transmit.tcr,
    write: (c, v) => c.transmit.writeTcr(v),
  },
  {
    at: R.RCR, width: 4, name: 'RCR', access: 'RW', reset: 0,
    meaning: 'Receive configuration: filter, ring length, WRAP',
    read: (c) => c.receive.rcr,
    write: (c, v) => c.receive.writeRcr(v),
  },
  {
    at: R.TCTR, width: 4, name: 'TCTR', access: 'clear', reset: 0, partial: 'zero',
    meaning: 'Timer count, 33 MHz; any write sets it to 0',
    read: (c) => c.timer.tctr,
    write: (c) => c.timer.clear(),
  },
  {
    at: R.MPC, width: 4, name: 'MPC', access: 'clear', reset: 0, partial: 'zero',
    meaning: 'Missed packets, 24 bits; any write sets it to 0',
    read: (c) => c.receive.mpc,
    write: (c) => c.receive.clearMpc(),
  },
  {
    at: R.CR9346, width: 1, name: '9346CR', access: 'RW', reset: 0,
    meaning: 'EEPROM pins, auto-load, and the lock of the configuration registers',
    read: (c) => c.configuration.cr9346,
    write: (c, v) => c.configuration.writeCr9346(v),
  },
  {
    at: R.CONFIG0, width: 1, name: 'CONFIG0', access: 'RO', reset: 0, meaning: 'Boot ROM size and media type',
    read: (c) => c.configuration.config0,
  },
  {
    at: R.CONFIG1, width: 1, name: 'CONFIG1', access: 'locked', reset: 0x0c,
    meaning: 'LEDs, DVRLOAD, LWACT, the two windows (read-only), VPD, power management',
    read: (c) => c.configuration.config1,
    write: (c, v) => c.configuration.writeConfig1(v),
  },
  {
    at: R.TIMER_INT, width: 4, name: 'TimerInt', access: 'RW', reset: 0, partial: 'latch',
    meaning: 'Timer interrupt when TCTR reaches it; 0: off',
    read: (c) => c.timer.timerInt,
    write: (c, v) => c.timer.setTimerInt(v),
  },
  {
    at: R.MSR, width: 1, name: 'MSR', access: 'RW', reset: 0xd0,
    meaning: 'Media status: flow control, SPEED_10, and LINKB (1 = link down)',
    read: (c) => c.mii.msr,
    write: (c, v) => c.mii.writeMsr(v),
  },
  {
    at: R.CONFIG3, width: 1, name: 'CONFIG3', access: 'locked', reset: 0x01, meaning: 'Parameters, magic packet, link-up wake',
    read: (c) => c.configuration.config3,
    write: (c, v) => c.configuration.writeConfig3(v),
  },
  {
    at: R.CONFIG4, width: 1, name: 'CONFIG4', access: 'locked', reset: 0, meaning: 'Receive FIFO clearing, wake-up signals',
    read: (c) => c.configuration.config4,
    write: (c, v) => c.configuration.writeConfig4(v),
  },
  {
    at: R.HLTCLK, width: 1, name: 'HLTCLK', access: 'WO', reset: 0, meaning: "Clock: 'H' halts, 'R' runs",
    write: (c, v) => c.writeHltclk(v),
  },
  {
    at: R.MULINT, width: 2, name: 'MULINT', access: 'RW', reset: 0, meaning: 'Early interrupt threshold, 12 bits',
    read: (c) => c.readKept(R.MULINT, 2),
    write: (c, v) => c.writeKept(R.MULINT, 2, v & 0x0fff),
  },
  {
    at: R.RERID, width: 1, name: 'RERID', access: 'RO', reset: chip.revision, meaning: 'PCI revision',
    read: () => chip.revision,
  },
  {
    at: R.TSAD_SUMMARY, width: 2, name: 'TSAD', access: 'RO', reset: 0x000f,
    meaning: 'Transmit status of all descriptors: TOK, TUN, TABT, OWN, four bits each',
    read: (c) => c.transmit.summary,
  },
]; // prettier-ignore

const phyRows: readonly Row[] = [
  {
    at: R.BMCR, width: 2, name: 'BMCR', access: 'locked', reset: 0x3100, meaning: 'Basic mode control',
    read: (c) => c.mii.bmcr,
    write: (c, v) => { if (c.configuration.unlocked) c.mii.writeBmcr(v); },
  },
  {
    at: R.BMSR, width: 2, name: 'BMSR', access: 'RO', reset: 0x782d,
    meaning: 'Basic mode status; a lost link shows until it has been read once',
    read: (c) => c.mii.bmsr,
    onRead: { byte: 0, act: (c) => c.mii.bmsrRead() },
  },
  {
    at: R.ANAR, width: 2, name: 'ANAR', access: 'RW', reset: 0x05e1, meaning: 'Auto-negotiation advertisement',
    read: (c) => c.mii.anar,
    write: (c, v) => c.mii.writeAnar(v),
  },
  {
    at: R.ANLPAR, width: 2, name: 'ANLPAR', access: 'RO', reset: 0x45e1, meaning: 'Link partner ability',
    read: (c) => c.mii.anlpar,
  },
  {
    at: R.ANER, width: 2, name: 'ANER', access: 'RO', reset: 0x0001, meaning: 'Auto-negotiation expansion',
    read: (c) => c.mii.aner,
  },
  zero(R.DIS, 2, 'DIS', 'Disconnect counter'),
  zero(R.FCSC, 2, 'FCSC', 'False carrier counter'),
  kept(R.NWAYTR, 2, 'NWAYTR', 'Negotiation test'),
  zero(R.REC, 2, 'REC', 'Receive error counter'),
  {
    at: R.CSCR, width: 2, name: 'CSCR', access: 'RW', reset: 0x07c0,
    meaning: 'Link configuration: bit 11 link changed (cleared by reading), bit 10 link good',
    read: (c) => c.mii.cscr,
    write: (c, v) => c.mii.writeCscr(v),
    onRead: { byte: 1, act: (c) => c.mii.cscrRead() },
  },
]; // prettier-ignore

const storeOnlyRows: readonly Row[] = [
  kept(R.PARA78, 4, 'PARA78', 'PHY parameter 1'),
  kept(R.PARA7C, 4, 'PARA7C', 'Twister parameter'),
  kept(R.PHY2, 1, 'PHY2', 'PHY parameter 2'),
  ...rows(8, (n) => kept(R.CRC0 + n, 1, `CRC${n}`, `CRC of wake-up frame ${n}`)),
  ...rows(16, (n) =>
    kept(R.WAKEUP0 + 4 * n, 4, `Wakeup${n >>> 1}${n & 1 ? 'H' : 'L'}`, `Mask of wake-up frame ${n >>> 1}`),
  ),
  ...rows(8, (n) => kept(R.LSBCRC0 + n, 1, `LSBCRC${n}`, `Last masked byte of wake-up frame ${n}`)),
  kept(R.FLASH, 4, 'FLASH', 'Flash memory read and write'),
];

/** The register table of a C-mode chip. */
export function registerMap(chip: ChipVariant): readonly Row[] {
  return [
    ...rows(6, (i) => ({
      at: R.IDR0 + i, width: 1, name: `IDR${i}`, access: 'locked', reset: 0,
      meaning: `Station address, byte ${i}; from the EEPROM after power-on`,
      read: (c) => c.configuration.idr[i]!,
      write: (c, v) => c.configuration.writeIdr(i, v),
    })),
    ...rows(8, (i) => ({
      at: R.MAR0 + i, width: 1, name: `MAR${i}`, access: 'RW', reset: 0,
      meaning: `Multicast hash filter, bits ${8 * i} to ${8 * i + 7}`,
      read: (c) => c.receive.mar[i]!,
      write: (c, v) => { c.receive.mar[i] = v; },
    })),
    ...transmitRows,
    ...receiveRows,
    ...interruptRows,
    ...controlRows(chip),
    ...phyRows,
    ...storeOnlyRows,
    {
      at: R.CONFIG5, width: 1, name: 'CONFIG5', access: 'RW', reset: 0, meaning: 'Wake-up frames, PME status; not locked',
      read: (c) => c.configuration.config5,
      write: (c, v) => c.configuration.writeConfig5(v),
    },
  ]; // prettier-ignore
}

export const REGISTER_MAP: readonly Row[] = registerMap(RTL8139C);
