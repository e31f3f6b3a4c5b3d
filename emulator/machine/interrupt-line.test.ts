import { describe, expect, it } from 'vitest';
import { InterruptLines } from './interrupt-line.ts';
import type { V86Pci } from './internals.ts';

/** Slots 0x0d (IRQ 10) and 0x0f (IRQ 11); slot 3 shares IRQ 11. */
function setUp({ routed = true, interruptsEnabled = true } = {}) {
  const log: string[] = [];
  const space = new Int32Array(64);
  space[15] = 0x0100;
  const isaBridge = new Uint8Array(256);
  if (routed) isaBridge.set([10, 10, 11, 11], 0x60);
  const irqOf = (pciId: number): number => isaBridge[0x60 + (((pciId >> 3) - 1) & 3)]!;
  const pci = {
    raise_irq: (id: number) => log.push(`raise ${irqOf(id)}`),
    lower_irq: (id: number) => log.push(`lower ${irqOf(id)}`),
    device_spaces: Array.from({ length: 256 }, () => space),
    isa_bridge_space8: isaBridge,
  } as unknown as V86Pci;
  const state = { interruptsEnabled };
  return { log, pci, state, isaBridge, lines: new InterruptLines(pci, () => state.interruptsEnabled) };
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
    expect(log).toEqual(['raise 11', 'raise 11']);
    pci.lower_irq(3 << 3);
    expect(log.at(-1)).toBe('lower 11');
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

  it('forgets a raise that was put off and taken back', () => {
    const { lines, log } = setUp();
    lines.enterMmio();
    lines.set(0x0f, true);
    lines.set(0x0f, false);
    lines.leaveMmio();
    lines.applyDeferred();
    expect(log).toEqual([]);
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
