/** All a device model may see of the machine it sits in. */

/** Guest-physical memory. Every address and length is checked; an access outside RAM does nothing and answers `false`. */
export interface GuestMemory {
  /** Copies `length` bytes at guest-physical `address` into `into` at `at`. */
  read(address: number, into: Uint8Array, at: number, length: number): boolean;
  /** Copies `length` bytes of `from` at `at` to guest-physical `address`. */
  write(address: number, from: Uint8Array, at: number, length: number): boolean;
}

/** One level-triggered PCI interrupt line (INTA of one device). Calls on transitions only are enough; repeating is harmless. */
export interface InterruptLine {
  set(asserted: boolean): void;
}

/** What the host may observe of a device: the guest's mistakes are events and counters, never exceptions. */
export interface DeviceEvents {
  /** An access the model does not know: an unlisted offset or a width the register does not have. */
  unmodelled(kind: 'read' | 'write', offset: number, width: number, value: number): void;
  /** A refused DMA access. */
  badDma(address: number, length: number): void;
  /** Any register or memory change worth redrawing a panel for. */
  changed(): void;
}

export const NO_EVENTS: DeviceEvents = {
  unmodelled: () => undefined,
  badDma: () => undefined,
  changed: () => undefined,
};

/**
 * A PCI device as the machine plugs it in. Offsets are relative to the device's 256-byte register window, which the
 * machine maps both as I/O and as memory BAR.
 */
export interface PciDevice {
  readonly name: string;
  /** 256 bytes of initial configuration space. Copied when the device is plugged in. */
  readonly configSpace: Uint8Array;
  readonly bars: readonly PciBar[];
  /** Reads `width` (1, 2 or 4) bytes at `offset` of BAR `bar`; unsigned. Never throws. */
  read(bar: number, offset: number, width: 1 | 2 | 4): number;
  write(bar: number, offset: number, width: 1 | 2 | 4, value: number): void;
  /** Power-on reset (the machine was reset). */
  powerOnReset(): void;
  /** All of its state as structured-cloneable plain data, what it knows of the guest included; not its configuration space, which is the machine's. */
  save?(): unknown;
  /** Throws on a state that is not its own. */
  restore?(state: unknown): void;
}

export type PciBar =
  { readonly kind: 'io'; readonly size: number } | { readonly kind: 'memory'; readonly size: number };
