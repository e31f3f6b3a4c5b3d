/**
 * LabTopology: a whole lab as plain data. What it leaves out has a default; what it gets wrong is named by `validateTopology`.
 */

/** NAT: SLIRP on alpha. Bridge: tap and br0 on alpha. Native: the machine beta, whose card is the wire. */
export type PathKind = 'nat' | 'bridge' | 'native';
export const PATHS: readonly PathKind[] = ['nat', 'bridge', 'native'];

export type NicKind = 'rtl8139';

export interface GuestTopology {
  /** Host name and console name, e.g. `vm1`. */
  readonly id: string;
  readonly path: PathKind;
  readonly nic: NicKind;
  /** MAC of the virtual card (paths `nat` and `bridge`), e.g. `52:54:00:12:34:56`. */
  readonly mac: string;
}

export interface CableTopology {
  readonly bitsPerSecond: number;
  /** One-way propagation delay. */
  readonly delayNs: number;
  /** Frames that wait at the sending end before more are dropped. */
  readonly queueFrames: number;
}

export interface LabTopology {
  readonly version: 1;
  /** All randomness of the world comes from it; 0 to 2^32-1. */
  readonly seed: number;
  readonly guests: readonly GuestTopology[];
  /** MAC of the physical machines: alpha runs the guests, beta is the native machine, filer serves. */
  readonly macs: { readonly alpha: string; readonly beta: string; readonly filer: string };
  readonly cable: CableTopology;
  readonly capture: { readonly snapLength: number; readonly maxFrames: number };
}

export const DEFAULT_GUEST_MAC = '52:54:00:12:34:56';

export const DEFAULT_TOPOLOGY: LabTopology = {
  version: 1,
  seed: 1,
  guests: [{ id: 'vm1', path: 'nat', nic: 'rtl8139', mac: DEFAULT_GUEST_MAC }],
  // Universally administered addresses of firms that build physical cards (Dell, HP, Supermicro), so that a prefix look-up names a vendor.
  macs: { alpha: '00:14:22:0a:00:10', beta: '00:1b:78:0a:00:20', filer: '00:25:90:0a:00:02' },
  cable: { bitsPerSecond: 100_000_000, delayNs: 5_000, queueFrames: 1_000 },
  capture: { snapLength: 65_535, maxFrames: 200_000 },
};
