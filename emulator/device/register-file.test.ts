import { describe, expect, it } from 'vitest';
import { type Register, RegisterFile } from './register-file.ts';

interface Chip {
  a: number;
  b: number;
  log: string[];
}

const row = (at: number, width: 1 | 2 | 4, name: string, extra: Partial<Register<Chip>> = {}): Register<Chip> => ({
  at, width, name, access: 'RW', reset: 0, meaning: '', ...extra,
}); // prettier-ignore

function file(...rows: Register<Chip>[]): { chip: Chip; registers: RegisterFile<Chip>; unknown: string[] } {
  const chip: Chip = { a: 0x8877_6655, b: 0x2211, log: [] };
  const unknown: string[] = [];
  const registers = new RegisterFile(chip, rows, (kind, offset, width, value) =>
    unknown.push(`${kind} ${offset}/${width}=${value}`),
  );
  return { chip, registers, unknown };
}

const A = row(4, 4, 'A', { read: (c) => c.a, write: (c, v) => c.log.push(`A=${v.toString(16)}`) });
const B = row(8, 2, 'B', { read: (c) => c.b, write: (c, v) => c.log.push(`B=${v.toString(16)}`) });

describe('a register file', () => {
  it('refuses overlapping registers and ones outside the window', () => {
    expect(() => file(A, row(7, 1, 'C'))).toThrow('C overlaps A');
    expect(() => file(row(254, 4, 'C'))).toThrow('outside');
  });

  it('reads any width at any offset as the bytes lie, unsigned', () => {
    const { registers } = file(A, B);
    const bytes = [0, 0, 0, 0, 0x55, 0x66, 0x77, 0x88, 0x11, 0x22, 0, 0, 0];
    for (const width of [1, 2, 4] as const) {
      for (let at = 0; at + width <= bytes.length; at++) {
        const expected = bytes.slice(at, at + width).reduceRight((sum, byte) => sum * 256 + byte, 0);
        expect(registers.read(at, width)).toBe(expected);
      }
    }
  });

  it('passes a write of a whole register on unchanged and unsigned', () => {
    const { registers, chip } = file(A, B);
    registers.write(4, 4, -1);
    registers.write(8, 2, 0x12345);
    expect(chip.log).toEqual(['A=ffffffff', 'B=2345']);
  });

  it('merges a part into what the register holds', () => {
    const { registers, chip } = file(A, B);
    registers.write(7, 1, 0xff);
    registers.write(5, 2, 0x1234);
    registers.write(9, 1, 0x5_00);
    expect(chip.log).toEqual(['A=ff776655', 'A=88123455', 'B=11']);
  });

  it('lets the other bytes count as zero where ones act', () => {
    const { registers, chip } = file({ ...A, partial: 'zero' });
    registers.write(6, 1, 0x80);
    expect(chip.log).toEqual(['A=800000']);
  });

  it('collects a latched register until its last byte, whatever the pieces', () => {
    const { registers, chip } = file({ ...A, partial: 'latch' });
    for (let i = 0; i < 3; i++) registers.write(4 + i, 1, i + 1);
    expect(chip.log).toEqual([]);
    registers.write(7, 1, 4);
    registers.write(4, 2, 0xbbaa);
    registers.write(6, 2, 0xddcc);
    registers.write(7, 1, 0x99);
    expect(chip.log).toEqual(['A=4030201', 'A=ddccbbaa', 'A=99776655']);
  });

  it('forgets half a write when the whole register is written', () => {
    const { registers, chip } = file({ ...A, partial: 'latch' });
    registers.write(4, 1, 0xee);
    registers.write(4, 4, 0x01020304);
    registers.write(7, 1, 0);
    expect(chip.log).toEqual(['A=1020304', 'A=776655']);
  });

  it('saves half a write', () => {
    const one = file({ ...A, partial: 'latch' });
    one.registers.write(4, 2, 0x1111);
    const two = file({ ...A, partial: 'latch' });
    two.registers.restore(one.registers.save());
    two.registers.write(6, 2, 0x2222);
    expect(two.chip.log).toEqual(['A=22221111']);
  });

  it('splits an access over several registers in ascending order', () => {
    const { registers, chip } = file(A, B);
    registers.write(6, 4, 0x44332211);
    expect(chip.log).toEqual(['A=22116655', 'B=4433']);
  });

  it('runs the effect of reading only when the byte concerned was read, and never for views', () => {
    const B2 = { ...B, onRead: { byte: 1, act: (c: Chip) => void c.log.push('read') } };
    const { registers, chip } = file(A, B2);
    registers.views();
    registers.read(8, 1);
    expect(chip.log).toEqual([]);
    registers.read(9, 1);
    registers.read(8, 2);
    registers.read(8, 4);
    registers.read(6, 4);
    expect(chip.log).toEqual(['read', 'read', 'read', 'read']);
  });

  it('reports accesses that touch no register, and only those', () => {
    const { registers, unknown } = file(A, B);
    expect(registers.read(0x20, 4)).toBe(0);
    registers.write(0x21, 2, 0x1_ffff);
    registers.read(8, 4);
    registers.write(2, 4, 0);
    expect(unknown).toEqual(['read 32/4=0', 'write 33/2=65535']);
  });

  it('ends at the window: bytes past offset 255 do not exist', () => {
    const { registers, chip } = file(
      row(252, 4, 'Z', { read: (c) => c.a, write: (c, v) => c.log.push(`Z=${v.toString(16)}`) }),
    );
    expect(registers.read(254, 4)).toBe(0x8877);
    registers.write(254, 4, 0x44332211);
    expect(chip.log).toEqual(['Z=22116655']);
  });
});
