/**
 * Members of the RTL8139 family that differ in identity. Drivers choose by the PCI revision (below 0x20: Linux's 8139too; from 0x20:
 * 8139cp) and check the chip id in TCR, so the two must tell the same story.
 */
export interface ChipVariant {
  readonly name: string;
  /** PCI revision and RERID. */
  readonly revision: number;
  /** TCR bits 30:26 and 23:22. */
  readonly hwVerId: number;
}

/** Ring buffer and four descriptors ("C mode") only. */
export const RTL8139C: ChipVariant = { name: 'RTL8139C', revision: 0x10, hwVerId: 0x7400_0000 };
