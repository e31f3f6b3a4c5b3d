/**
 * The contract of state: what a part saves is plain data that survives structured cloning and the snapshot's codec, and a new part that takes it goes on as the old
 * one does. Parts join by a row.
 */
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../../emulator/base/bytes.ts';
import { Xoshiro128 } from '../../emulator/base/random.ts';
import { Sha256 } from '../../emulator/base/sha256.ts';
import { ConsolePort } from '../../emulator/machine/console-port.ts';
import { LineReader } from '../../emulator/machine/line-reader.ts';
import { LineScreen } from '../../emulator/machine/line-screen.ts';
import { PromptMarks } from '../../emulator/machine/prompt-marks.ts';
import { VirtualClock } from '../../emulator/time/virtual-clock.ts';
import { decodeState, encodeState } from '../../emulator/topology/state-codec.ts';

interface Part {
  /** Brings the part into the middle of something. */
  begin(): void;
  /** What it does from there on, as data to compare. */
  goOn(): unknown;
  save(): unknown;
  restore(state: never): void;
}

const parts: Record<string, () => Part> = {
  Xoshiro128: () => {
    const random = new Xoshiro128(1);
    return {
      begin: () => random.fill(new Uint8Array(9)),
      goOn: () => [random.u32(), random.below(7), random.fork('x').u32()],
      save: () => random.save(),
      restore: (state) => random.restore(state),
    };
  },
  Sha256: () => {
    const hash = new Sha256();
    return {
      begin: () => hash.update(new Uint8Array(100).fill(3)),
      goOn: () => hash.update(latin1Bytes('more')).hex(),
      save: () => hash.save(),
      restore: (state) => hash.restore(state),
    };
  },
  LineReader: () => {
    const lines: string[] = [];
    const reader = new LineReader(16, (line) => lines.push(line));
    return {
      begin: () => reader.feed(latin1Bytes('one\nhalf')),
      goOn: () => {
        lines.length = 0;
        reader.feed(latin1Bytes(' a line\r\nlast\n'));
        return [...lines];
      },
      save: () => reader.save(),
      restore: (state) => reader.restore(state),
    };
  },
  LineScreen: () => {
    const screen = new LineScreen();
    const put = (text: string): void => latin1Bytes(text).forEach((byte) => screen.put(byte));
    return {
      begin: () => put('# echo\x1b[2'),
      goOn: () => {
        put('DX\x1b[K!\r');
        return [screen.text(0), screen.cursor, screen.widthBeforeReturn];
      },
      save: () => screen.save(),
      restore: (state) => screen.restore(state),
    };
  },
  PromptMarks: () => {
    const seen: unknown[] = [];
    const marks = new PromptMarks({
      text: (bytes, from, to) => seen.push([...bytes.subarray(from, to)]),
      mark: (mark) => seen.push(mark),
    });
    return {
      begin: () => marks.feed(latin1Bytes('out\x1b]133;D')),
      goOn: () => {
        seen.length = 0;
        marks.feed(latin1Bytes(';7\x07\x1b]133;A\x1b\\# '));
        return [...seen];
      },
      save: () => marks.save(),
      restore: (state) => marks.restore(state),
    };
  },
  ConsolePort: () => {
    const clock = new VirtualClock();
    const received: unknown[] = [];
    const port = new ConsolePort(clock, 11_520);
    port.connect({ unread: () => 0, receive: (byte) => received.push([byte, clock.now()]) });
    port.onOutput = (bytes, at) => received.push([...bytes, at]);
    return {
      begin: () => {
        port.send(new Uint8Array(20).fill(1));
        port.send(Uint8Array.of(2, 3));
        clock.runDue(0);
        port.written(65);
      },
      goOn: () => {
        received.length = 0;
        port.flush();
        clock.runDue(1e9);
        return [...received];
      },
      save: () => port.save(),
      restore: (state) => port.restore(state),
    };
  },
};

describe.each(Object.entries(parts))('the state of %s', (_name, make) => {
  it.each([
    ['structured cloning', (state: unknown) => structuredClone(state)],
    ['the codec', (state: unknown) => decodeState(encodeState(state))!.state],
  ])('survives %s, and a new one goes on from it as the old one does', (_way, through) => {
    const first = make();
    first.begin();
    const state = through(first.save());
    const second = make();
    second.restore(state as never);
    expect(second.save()).toEqual(first.save());
    const expected = first.goOn();
    expect(second.goOn()).toEqual(expected);
    expect(make().goOn()).not.toEqual(expected);
  });
});
