import { describe, expect, it } from 'vitest';
import { InterruptLines } from './interrupt-line.ts';
import type { V86Cpu } from './internals.ts';

/** Slots 0x0d (IRQ 10) and 0x0f (IRQ 11); slot 3 shares IRQ 11. */
function setUp({ routed = true, interruptsEnabled = true } = {}) {
  const log: string[] = [];
  const space = new Int32Array(64);
  space[15] = 0x0100;
  const isaBridge = new Uint8Array(256);
  if (routed) isaBridge.set([10, 10, 11, 11], 0x60);
  const irqOf = (pciId: number): number => isaBridge[0x60 + (((pciId >> 3) - 1) & 3)]!;
  const cpu: Partial<V86Cpu> = {
    device_raise_irq: (irq: number) => void log.push(`raise ${irq}`),
    device_lower_irq: (irq: number) => void log.push(`lower ${irq}`),
  };
  const pci = {
    raise_irq: (id: number) => cpu.device_raise_irq!(irqOf(id)),
    lower_irq: (id: number) => cpu.device_lower_irq!(irqOf(id)),
    device_spaces: Array.from({ length: 256 }, () => space),
    isa_bridge_space8: isaBridge,
  };
  Object.assign(cpu, { devices: { pci } });
  const lines = new InterruptLines(cpu as V86Cpu, () => interruptsEnabled);
  return { log, pci, cpu: cpu as V86Cpu, isaBridge, lines };
}

describe('InterruptLines', () => {
  it('raises and lowers on transitions only', () => {
    const { lines, log } = setUp();
    lines.set(0x0f, true);
    lines.set(0x0f, true);
    lines.set(0x0f, false);
    lines.set(0x0f, false);
    expect(log).toEqual(['raise 11', 'lower 11']);
  });

  it('keeps a shared line up until the last device lets go, v86’s own devices included', () => {
    const { lines, pci, log } = setUp();
    lines.set(0x0f, true);
    pci.raise_irq(3 << 3);
    lines.set(0x0f, false);
    expect(log).toEqual(['raise 11']);
    pci.lower_irq(3 << 3);
    expect(log).toEqual(['raise 11', 'lower 11']);
  });

  it('puts a raise inside a memory access off until the processor’s state is whole', () => {
    const { lines, log } = setUp();
    lines.enterMmio();
    lines.set(0x0f, true);
    lines.leaveMmio();
    expect(log).toEqual([]);
    lines.applyDeferred();
    lines.applyDeferred();
    expect(log).toEqual(['raise 11']);
  });

  it('keeps the order of changes that were put off, and of those that come before they are applied', () => {
    const { lines, log } = setUp();
    lines.enterMmio();
    lines.set(0x0f, true);
    lines.leaveMmio();
    lines.set(0x0f, false);
    expect(log).toEqual([]);
    lines.applyDeferred();
    expect(log).toEqual(['raise 11', 'lower 11']);
  });

  it('puts off the interrupts of v86’s own devices too, which an event may raise inside a memory access', () => {
    const { lines, cpu, log } = setUp();
    lines.enterMmio();
    cpu.device_raise_irq(4);
    lines.leaveMmio();
    lines.applyDeferred();
    expect(log).toEqual(['raise 4']);
  });

  it('raises inside a memory access when the processor takes no interrupts anyway', () => {
    const { lines, log } = setUp({ interruptsEnabled: false });
    lines.enterMmio();
    lines.set(0x0f, true);
    expect(log).toEqual(['raise 11']);
  });

  it('raises nothing before the BIOS has routed the lines', () => {
    const { lines, log } = setUp({ routed: false });
    lines.set(0x0f, true);
    expect(log).toEqual([]);
  });

  it('lowers the interrupt it raised, though the guest has changed the routing meanwhile', () => {
    const { lines, log, isaBridge } = setUp();
    lines.set(0x0f, true);
    lines.set(0x0f, false);
    isaBridge.set([5, 5, 9, 9], 0x60);
    lines.set(0x0f, true);
    expect(log).toEqual(['raise 11', 'lower 11', 'raise 9']);
  });
});
