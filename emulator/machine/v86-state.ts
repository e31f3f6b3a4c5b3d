/**
 * What v86 saves of itself, and what it loses: bytes that a serial port has received and nobody has read, and three registers. v86 writes these (the result
 * that lazy flags are computed from, the status word of the FPU, MXCSR), but on restoring puts arrays in the place of its views of them: the
 * processor never sees the values, and the next save holds stale ones.
 * Leaves out translated code and the counter of instructions. What the translator remembers of former code (its tables' order) cannot be cleared, and shows
 * in where batches end: two machines go on alike only if each was restored into a new emulator.
 */
import type { V86Main, V86Uart } from './internals.ts';

export interface V86State {
  /** v86's own format, version 6: a part in JSON, and the pages of memory that are not all zeros. */
  readonly bytes: Uint8Array;
  readonly lastResult: number;
  readonly fpuStatusWord: number;
  readonly mxcsr: number;
  /** Received and not read, by ttyS0 and ttyS1. */
  readonly received: readonly (readonly number[])[];
}

/** Outside a batch of instructions; v86 asks for the time. */
export function saveV86(v86: V86Main): V86State {
  const { last_result, fpu_status_word, mxcsr, devices } = v86.cpu;
  return {
    bytes: new Uint8Array(v86.save_state()),
    lastResult: last_result[0]!,
    fpuStatusWord: fpu_status_word[0]!,
    mxcsr: mxcsr[0]!,
    received: [[...devices.uart0.input], [...devices.uart1.input]],
  };
}

/** Into a new emulator, devices plugged in: v86 moves their ports to where the guest had them. Throws v86's error on bytes that are not its own. */
export function restoreV86(v86: V86Main, state: V86State): void {
  const { cpu } = v86;
  const { last_result, fpu_status_word, mxcsr, devices } = cpu;
  v86.restore_state(state.bytes);
  cpu.last_result = last_result;
  cpu.fpu_status_word = fpu_status_word;
  cpu.mxcsr = mxcsr;
  last_result[0] = state.lastResult;
  fpu_status_word[0] = state.fpuStatusWord;
  mxcsr[0] = state.mxcsr;
  refill(devices.uart0, state.received[0] ?? []);
  refill(devices.uart1, state.received[1] ?? []);
}

function refill(uart: V86Uart, bytes: readonly number[]): void {
  uart.input.length = 0;
  uart.input.push(...bytes);
}
