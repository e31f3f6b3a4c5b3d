/**
 * Offsets and bits of the RTL8139C's operational registers, in the order of the datasheet
 * (Realtek RTL8139C(L) data sheet, "Register Descriptions"). What each register does is in register-map.ts.
 *
 * Names: `REG` is an offset, `REG_BIT` a bit, `REG_FIELD_MASK`/`_SHIFT` a field.
 */

/** ID registers: the station address, six bytes. */
export const IDR0 = 0x00;
/** Multicast registers: the 64-bit hash filter. */
export const MAR0 = 0x08;
/** Transmit status of descriptors 0 to 3, four bytes apart. */
export const TSD0 = 0x10;
/** Transmit start address of descriptors 0 to 3, four bytes apart. Not the summary of the same name at 0x60. */
export const TSAD0 = 0x20;
export const RBSTART = 0x30;
export const ERBCR = 0x34;
export const ERSR = 0x36;
export const CR = 0x37;
export const CAPR = 0x38;
export const CBR = 0x3a;
export const IMR = 0x3c;
export const ISR = 0x3e;
export const TCR = 0x40;
export const RCR = 0x44;
export const TCTR = 0x48;
export const MPC = 0x4c;
export const CR9346 = 0x50;
export const CONFIG0 = 0x51;
export const CONFIG1 = 0x52;
export const TIMER_INT = 0x54;
export const MSR = 0x58;
export const CONFIG3 = 0x59;
export const CONFIG4 = 0x5a;
export const HLTCLK = 0x5b;
export const MULINT = 0x5c;
export const RERID = 0x5e;
/** Transmit status of all descriptors: the datasheet's second use of the name TSAD. */
export const TSAD_SUMMARY = 0x60;
export const BMCR = 0x62;
export const BMSR = 0x64;
export const ANAR = 0x66;
export const ANLPAR = 0x68;
export const ANER = 0x6a;
export const DIS = 0x6c;
export const FCSC = 0x6e;
export const NWAYTR = 0x70;
export const REC = 0x72;
export const CSCR = 0x74;
export const PARA78 = 0x78;
export const PARA7C = 0x7c;
export const PHY2 = 0x80;
export const CRC0 = 0x84;
export const WAKEUP0 = 0x8c;
export const LSBCRC0 = 0xcc;
export const FLASH = 0xd4;
export const CONFIG5 = 0xd8;

// TSD: transmit status of a descriptor.
export const TSD_CRS = 0x8000_0000;
export const TSD_TABT = 0x4000_0000;
export const TSD_OWC = 0x2000_0000;
export const TSD_CDH = 0x1000_0000;
export const TSD_NCC_MASK = 0x0f00_0000;
export const TSD_ERTXTH_MASK = 0x003f_0000;
export const TSD_TOK = 0x8000;
export const TSD_TUN = 0x4000;
/** 1: the descriptor is the driver's (DMA done); 0: the chip's. */
export const TSD_OWN = 0x2000;
export const TSD_SIZE_MASK = 0x1fff;

// CR: command.
export const CR_RST = 0x10;
export const CR_RE = 0x08;
export const CR_TE = 0x04;
export const CR_BUFE = 0x01;

// ISR and IMR: interrupt status and mask.
export const ISR_SERR = 0x8000;
export const ISR_TIMEOUT = 0x4000;
export const ISR_LENCHG = 0x2000;
export const ISR_FOVW = 0x0040;
/** Packet underrun or link change. */
export const ISR_PUN_LINKCHG = 0x0020;
export const ISR_RXOVW = 0x0010;
export const ISR_TER = 0x0008;
export const ISR_TOK = 0x0004;
export const ISR_RER = 0x0002;
export const ISR_ROK = 0x0001;

// TCR: transmit configuration.
/** Bits 30:26 and 23:22: which chip this is. */
export const TCR_HWVERID_MASK = 0x7cc0_0000;
export const TCR_IFG_MASK = 0x0300_0000;
export const TCR_LBK_MASK = 0x0006_0000;
/** Both bits set: loopback. */
export const TCR_LBK_ON = 0x0006_0000;
/** 1: the chip appends no FCS. */
export const TCR_CRC = 0x0001_0000;
export const TCR_MXDMA_MASK = 0x0700;
export const TCR_TXRR_MASK = 0x00f0;
export const TCR_CLRABT = 0x0001;

// RCR: receive configuration.
export const RCR_ERTH_MASK = 0x0f00_0000;
export const RCR_MULERINT = 0x0002_0000;
export const RCR_RER8 = 0x0001_0000;
export const RCR_RXFTH_MASK = 0xe000;
export const RCR_RBLEN_MASK = 0x1800;
export const RCR_RBLEN_SHIFT = 11;
export const RCR_MXDMA_MASK = 0x0700;
/** 1: a record may run past the end of the ring instead of wrapping. */
export const RCR_WRAP = 0x80;
export const RCR_AER = 0x20;
export const RCR_AR = 0x10;
export const RCR_AB = 0x08;
export const RCR_AM = 0x04;
export const RCR_APM = 0x02;
export const RCR_AAP = 0x01;

// 9346CR: EEPROM command.
export const CR9346_EEM_MASK = 0xc0;
export const CR9346_EEM_NORMAL = 0x00;
export const CR9346_EEM_AUTOLOAD = 0x40;
export const CR9346_EEM_PROGRAM = 0x80;
/** Configuration registers may be written. */
export const CR9346_EEM_CONFIG = 0xc0;
export const CR9346_EECS = 0x08;
export const CR9346_EESK = 0x04;
export const CR9346_EEDI = 0x02;
export const CR9346_EEDO = 0x01;

// CONFIG1: which windows the chip answers; read-only, both always on.
export const CONFIG1_MEMMAP = 0x08;
export const CONFIG1_IOMAP = 0x04;

// MSR: media status.
export const MSR_TXFCE = 0x80;
export const MSR_RXFCE = 0x40;
export const MSR_AUX_STATUS = 0x10;
export const MSR_SPEED_10 = 0x08;
/** 1: link *down*. */
export const MSR_LINKB = 0x04;

// HLTCLK: the letters that stop and start the chip's clock.
export const HLTCLK_HALT = 0x48;
export const HLTCLK_RUN = 0x52;

// BMCR and BMSR: the PHY's control and status (IEEE 802.3 §22.2.4.1).
export const BMCR_RESET = 0x8000;
export const BMCR_SPD_SET = 0x2000;
export const BMCR_ANE = 0x1000;
export const BMCR_RESTART_ANE = 0x0200;
export const BMCR_DUPLEX = 0x0100;
export const BMSR_ANE_DONE = 0x0020;
export const BMSR_LINK = 0x0004;

// CSCR: CS configuration.
export const CSCR_LINK_CHANGE = 0x0800;
export const CSCR_LINK_OK = 0x0400;

// Status word in front of a received frame.
export const RXSTATUS_MAR = 0x8000;
export const RXSTATUS_PAM = 0x4000;
export const RXSTATUS_BAR = 0x2000;
export const RXSTATUS_ROK = 0x0001;
