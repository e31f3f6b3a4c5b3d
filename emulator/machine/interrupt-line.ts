/**
 * Interrupts of one machine, on top of v86's two traps.
 *
 * v86 keeps one bit per IRQ, so a device that lowers its line takes away the request of another one that shares the IRQ: here a PCI line is low only
 * when no device asserts it (wire-OR), v86's own devices included. And raising dispatches the interrupt at once when the processor takes
 * interrupts; inside a memory-mapped access the translated code has not written back its registers, and the interrupt would be lost for good: there
 * changes wait until the batch of instructions ends, those of the serial ports too (an event that is due may come up in any device access). Port
 * accesses end a block of translated code and need no such care.
 */
import type { V86Cpu, V86Pci } from './internals.ts';

/** A change of an IRQ that waits. */
interface Change {
  readonly irq: number;
  readonly raised: boolean;
}

export interface InterruptLinesState {
  /** Devices that assert their line, with the IRQ it was routed to. */
  readonly routed: readonly (readonly [pciId: number, irq: number])[];
  readonly deferred: readonly Change[];
}

export class InterruptLines {
  readonly #pci: V86Pci;
  readonly #interruptsEnabled: () => boolean;
  readonly #raisePci: (pciId: number) => void;
  readonly #lowerPci: (pciId: number) => void;
  readonly #changeIrq: (change: Change) => void;
  /** Devices that assert an IRQ, by IRQ. */
  readonly #asserted = new Map<number, Set<number>>();
  /** The IRQ a device was routed to when it raised its line: the guest may change the routing meanwhile. */
  readonly #routed = new Map<number, number>();
  /** Changes that wait, in order. */
  #deferred: Change[] = [];
  #inMmio = 0;

  constructor(cpu: V86Cpu, interruptsEnabled: () => boolean) {
    const { pci } = cpu.devices;
    this.#pci = pci;
    this.#interruptsEnabled = interruptsEnabled;
    this.#raisePci = pci.raise_irq.bind(pci);
    this.#lowerPci = pci.lower_irq.bind(pci);
    pci.raise_irq = (pciId) => this.#set(pciId, true);
    pci.lower_irq = (pciId) => this.#set(pciId, false);
    const raiseIrq = cpu.device_raise_irq.bind(cpu);
    const lowerIrq = cpu.device_lower_irq.bind(cpu);
    this.#changeIrq = ({ irq, raised }) => (raised ? raiseIrq(irq) : lowerIrq(irq));
    cpu.device_raise_irq = (irq) => this.#change({ irq, raised: true });
    cpu.device_lower_irq = (irq) => this.#change({ irq, raised: false });
  }

  /** INTA of the device in `slot`. */
  set(slot: number, asserted: boolean): void {
    this.#set(slot << 3, asserted);
  }

  enterMmio(): void {
    this.#inMmio++;
  }

  leaveMmio(): void {
    this.#inMmio--;
  }

  /** Applies changes that had to wait; called where the processor's state is whole. */
  applyDeferred(): void {
    if (this.#deferred.length === 0) return;
    const changes = this.#deferred;
    this.#deferred = [];
    for (const change of changes) this.#changeIrq(change);
  }

  /** Between batches. The requests themselves are in the interrupt controller's state, which is v86's. */
  save(): InterruptLinesState {
    return { routed: [...this.#routed], deferred: this.#deferred.map((change) => ({ ...change })) };
  }

  /** Touches no interrupt controller: v86's state has been restored. */
  restore(state: InterruptLinesState): void {
    this.#asserted.clear();
    this.#routed.clear();
    for (const [pciId, irq] of state.routed) {
      this.#routed.set(pciId, irq);
      this.#holders(irq).add(pciId);
    }
    this.#deferred = state.deferred.map((change) => ({ ...change }));
  }

  #change(change: Change): void {
    const mustWait = this.#inMmio > 0 && this.#interruptsEnabled();
    if (mustWait || this.#deferred.length > 0) this.#deferred.push(change);
    else this.#changeIrq(change);
  }

  #set(pciId: number, asserted: boolean): void {
    const held = this.#routed.get(pciId);
    if (asserted) {
      if (held !== undefined) return;
      const irq = this.#irqOf(pciId);
      // Before the BIOS has routed anything the registers read 0, which is the timer's.
      if (irq === 0) return;
      this.#routed.set(pciId, irq);
      const holders = this.#holders(irq);
      holders.add(pciId);
      if (holders.size === 1) this.#raisePci(pciId);
    } else {
      if (held === undefined) return;
      this.#routed.delete(pciId);
      const holders = this.#holders(held);
      holders.delete(pciId);
      if (holders.size === 0) this.#lowerPci(pciId);
    }
  }

  #holders(irq: number): Set<number> {
    let set = this.#asserted.get(irq);
    if (set === undefined) {
      set = new Set();
      this.#asserted.set(irq, set);
    }
    return set;
  }

  /** Routing of INTA to INTD over the PCI-to-ISA bridge's four PIRQ registers, turned by the slot. */
  #irqOf(pciId: number): number {
    const pin = ((this.#pci.device_spaces[pciId]?.[15] ?? 0) >> 8) & 0xff;
    const pirq = (pin - 1 + (((pciId >> 3) - 1) & 0xff)) & 3;
    return this.#pci.isa_bridge_space8[0x60 + pirq]!;
  }
}
