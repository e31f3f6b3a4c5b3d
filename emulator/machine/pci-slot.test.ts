import { describe, expect, it } from 'vitest';
import type { PciDevice } from '../base/machine-ports.ts';
import { V86GuestMemory } from './guest-memory.ts';
import { checkInternals, type V86Cpu, type V86PciDevice } from './internals.ts';
import { PciBus } from './pci-slot.ts';

type Fn = (...args: number[]) => number;

class FakeBus {
  readonly ports = new Map<number, { r: Fn[]; w: Fn[] }>();
  readonly maps: { base: number; size: number; r8: Fn; w8: Fn; r32: Fn; w32: Fn }[] = [];
  readonly devices: V86PciDevice[] = [];
  readonly spaces: (Int32Array | undefined)[] = [];
  readonly written: string[] = [];

  cpu(): V86Cpu {
    const entry = (port: number) => {
      const found = this.ports.get(port) ?? { r: [], w: [] };
      this.ports.set(port, found);
      return found;
    };
    return {
      io: {
        register_read: (port: number, _d: object, ...r: Fn[]) => (entry(port).r = r),
        register_write: (port: number, _d: object, ...w: Fn[]) => (entry(port).w = w),
        mmap_register: (base: number, size: number, r8: Fn, w8: Fn, r32: Fn, w32: Fn) =>
          this.maps.push({ base, size, r8, w8, r32, w32 }),
      },
      devices: {
        pci: {
          device_spaces: this.spaces,
          register_device: (device: V86PciDevice) => {
            this.devices.push(device);
            this.spaces[device.pci_id] = new Int32Array(Uint8Array.from(device.pci_space).buffer);
          },
          pci_write8: (address: number) => this.written.push(`8:${address.toString(16)}`),
          pci_write16: (address: number) => this.written.push(`16:${address.toString(16)}`),
        },
      },
    } as unknown as V86Cpu;
  }
}

function fakeDevice(log: string[]): PciDevice {
  return {
    name: 'card',
    configSpace: new Uint8Array(256).fill(0x11, 0, 4),
    bars: [
      { kind: 'io', size: 256 },
      { kind: 'memory', size: 256 },
    ],
    read: (bar, offset, width) => {
      log.push(`r${bar}:${offset.toString(16)}/${width}`);
      return 0xffff_fff0;
    },
    write: (bar, offset, width, value) => log.push(`w${bar}:${offset.toString(16)}/${width}=${value}`),
    powerOnReset: () => undefined,
  };
}

function setUp() {
  const fake = new FakeBus();
  const log: string[] = [];
  const bus = new PciBus(fake.cpu(), {
    before: (memory) => log.push(memory ? '(m' : '('),
    after: (memory) => log.push(memory ? 'm)' : ')'),
  });
  return { fake, bus, log, device: fakeDevice(log) };
}

describe('PciBus', () => {
  it('writes the initial addresses into the configuration space and keeps the device’s own', () => {
    const { fake, bus, device } = setUp();
    bus.plug(0x0f, device);
    const space = fake.spaces[0x0f << 3]!;
    expect(space[0]).toBe(0x11111111);
    expect(space[4]! >>> 0).toBe(0xe001);
    expect(space[5]! >>> 0).toBe(0xfea0_0000);
    expect(device.configSpace[0x10]).toBe(0);
    expect(fake.devices[0]!.pci_bars).toEqual([{ size: 256 }, { size: 256 }]);
  });

  it('gives each slot resources of its own, and refuses a slot twice', () => {
    const { fake, bus, device } = setUp();
    bus.plug(0x0f, device);
    bus.plug(0x0d, device);
    expect(fake.spaces[0x0d << 3]![4]! >>> 0).toBe(0xe101);
    expect(fake.maps.map(({ base }) => base)).toEqual([0xfea0_0000, 0xfea2_0000]);
    expect(() => bus.plug(0x0f, device)).toThrow(/slot 15/);
    expect(() => bus.plug(0x12, device)).toThrow(/slot 18/);
    expect(() => bus.plug(32, device)).toThrow(/slot 32/);
  });

  it('maps all widths at all ports, with signed 32-bit reads', () => {
    const { fake, bus, log, device } = setUp();
    bus.plug(0x0f, device);
    expect(fake.ports.size).toBe(256);
    const port = fake.ports.get(0xe044)!;
    expect(port.r[2]!(0xe044)).toBe(-16);
    port.w[2]!(-1);
    port.w[0]!(5);
    expect(log).toEqual(['(', 'r0:44/4', ')', '(', 'w0:44/4=4294967295', ')', '(', 'w0:44/1=5', ')']);
  });

  it('maps memory with addresses that arrive negative, and nothing past the BAR', () => {
    const { fake, bus, log, device } = setUp();
    bus.plug(0x0f, device);
    const { r8, r32, w32 } = fake.maps[0]!;
    const address = (0xfea0_0010 | 0) >> 0;
    expect(address).toBeLessThan(0);
    w32(address, -2);
    expect(r32(address)).toBe(-16);
    expect(r8(address)).toBe(0xf0);
    expect(log).toEqual(['(m', 'w1:10/4=4294967294', 'm)', '(m', 'r1:10/4', 'm)', '(m', 'r1:10/1', 'm)']);
    log.length = 0;
    expect(r32(0xfea0_1000 | 0)).toBe(-1);
    w32(0xfea0_0100 | 0, 1);
    expect(log).toEqual([]);
  });

  it('ignores writes to the configuration space of empty slots, which v86 does not survive', () => {
    const fake = new FakeBus();
    const cpu = fake.cpu();
    const bus = new PciBus(cpu, { before: () => undefined, after: () => undefined });
    bus.plug(0x0f, fakeDevice([]));
    cpu.devices.pci.pci_write8(0x8000_0000 | (0x0e << 11) | 4, 1);
    cpu.devices.pci.pci_write16(0x8000_0000 | (0x0f << 11) | 4, 1);
    expect(fake.written.map((w) => w.split(':')[0])).toEqual(['16']);
  });

  it('knows whether the guest lets the device master the bus', () => {
    const { fake, bus, device } = setUp();
    bus.plug(0x0f, device);
    expect(bus.busMaster(0x0f)).toBe(false);
    fake.spaces[0x0f << 3]![1] = 0x0290_0007;
    expect(bus.busMaster(0x0f)).toBe(true);
    expect(bus.busMaster(0x0e)).toBe(false);
  });
});

describe('V86GuestMemory', () => {
  const ram = new Uint8Array(0x20_0000);
  const cpu = {
    memory_size: [ram.length],
    read_blob: (at: number, length: number) => ram.subarray(at, at + length),
    write_blob: (bytes: Uint8Array, at: number) => ram.set(bytes, at),
  } as unknown as V86Cpu;
  const memory = new V86GuestMemory(() => cpu);
  const bytes = Uint8Array.of(1, 2, 3, 4);

  it('copies both ways, at offsets', () => {
    expect(memory.write(0x1000, bytes, 1, 3)).toBe(true);
    const into = new Uint8Array(5).fill(0xa5);
    expect(memory.read(0x1000, into, 1, 3)).toBe(true);
    expect([...into]).toEqual([0xa5, 2, 3, 4, 0xa5]);
  });

  it('does nothing outside RAM, in the video window, at odd addresses, or past the caller’s bytes', () => {
    const before = ram.slice();
    const cases: [number, number, number][] = [
      [ram.length - 3, 0, 4],
      [0xffff_ffff, 0, 4],
      [-1, 0, 4],
      [0x9_fffe, 0, 4],
      [0xb_fffe, 0, 4],
      [0xa_0000, 0, 1],
      [1.5, 0, 4],
      [NaN, 0, 4],
      [0x1000, 1, 4],
      [0x1000, 0, -1],
    ];
    for (const [address, at, length] of cases) {
      expect(memory.write(address, bytes, at, length)).toBe(false);
      expect(memory.read(address, bytes.slice(), at, length)).toBe(false);
    }
    expect(Buffer.compare(ram, before)).toBe(0);
    expect(memory.write(0xc_0000, bytes, 0, 4)).toBe(true);
  });

  it('does nothing while the machine is off', () => {
    expect(new V86GuestMemory(() => null).write(0, bytes, 0, 4)).toBe(false);
  });
});

describe('checkInternals', () => {
  it('names everything that is missing in one error', () => {
    expect(() =>
      checkInternals({ v86: { run: () => undefined, cpu: { in_hlt: { byteOffset: 'x' } } } }),
    ).toThrow(/0\.5\.462.*v86\.do_tick \(function\).*v86\.cpu\.in_hlt\.byteOffset \(number\)/);
    expect(() => checkInternals(null)).toThrow(/missing/);
  });
});
