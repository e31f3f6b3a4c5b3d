/** The real guest under virtual time, in Node worker threads. */
import { describe, expect, it } from 'vitest';
import { guestImageExists } from './guest-image.ts';
import { runScenario } from './run-scenario.ts';

const here = guestImageExists();

describe.skipIf(!here)(here ? 'a guest' : 'a guest (the image is missing: wasm/guest/build.sh)', () => {
  it('boots to a prompt, the same to the instruction and the byte each time', async () => {
    const first = await runScenario('boot');
    const second = await runScenario('boot');
    expect(first.stages).toEqual(['kernel', 'userland']);
    const { wallMs: _first, ...run } = first;
    const { wallMs: _second, ...again } = second;
    expect(again).toEqual(run);
    expect(run.instructions).toBeGreaterThan(100_000_000);
  });

  it('runs commands, draws random numbers and moves files the same each time', async () => {
    const run = await runScenario('commands');
    expect(run.results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const sleep = run.results[2]!;
    expect((sleep.endedAt - sleep.startedAt) / 1e9).toBeCloseTo(1.5, 1);
    expect(run.results[3]!.output).toContain('2013');
    expect(run.sum).toContain('33d7ac42e3aa0f3146843833c23e4365');
    expect(run.length).toBe(3_000);
    expect(await runScenario('commands')).toEqual(run);
  });

  it('shares the world with another guest on one clock, the same each time', async () => {
    const run = await runScenario('twoGuests');
    expect(run.lasted[0]! / 1e9).toBeCloseTo(2, 1);
    expect(run.lasted[1]!).toBeGreaterThan(10e6);
    const [a, b] = run.sums;
    expect(Math.abs(a!.now - b!.now)).toBeLessThan(40e6);
    expect(await runScenario('twoGuests')).toEqual(run);
  });

  it('is not disturbed by another guest: it reaches its prompt at the same instruction as alone', async () => {
    const { digest, instructions, now } = await runScenario('boot');
    expect((await runScenario('twoGuests')).prompts[0]).toEqual({ digest, instructions, now });
  });

  it('loses nothing of 4 KB of pasted text', async () => {
    const { expected, output } = await runScenario('paste');
    expect(output).toContain(expected);
  });

  it('sleeps 20 s in a moment when nothing paces it', async () => {
    const { virtualMs, wallMs } = await runScenario('sleepFast');
    expect(virtualMs).toBeGreaterThan(20_000);
    expect(virtualMs).toBeLessThan(20_100);
    expect(wallMs).toBeLessThan(virtualMs / 4);
  });

  it('never runs ahead of the wall clock when paced', async () => {
    const { virtualMs, wallMs, aheadMs, looks } = await runScenario('sleepPaced');
    expect(virtualMs).toBeGreaterThan(1_000);
    expect(wallMs).toBeGreaterThan(1_000);
    expect(looks).toBeGreaterThan(5);
    expect(aheadMs).toBeLessThanOrEqual(0.001);
  });

  it('stands still while the world is paused', async () => {
    const { before, after, output, gapMs } = await runScenario('pause');
    expect(after).toEqual(before);
    expect(output).toContain('later');
    expect(gapMs).toBeLessThan(250);
  });

  it('comes back when it resets itself', async () => {
    const { lost, stages, output } = await runScenario('reboot');
    expect(lost).toContain('the guest was reset');
    expect(stages).toEqual(['kernel', 'userland', 'off', 'bios', 'kernel', 'userland']);
    expect(Number(output.trim().split(/\s+/).at(-1))).toBeLessThan(2);
  });

  it('fails alone when one of its devices has a bug', async () => {
    const { failures, stage, other } = await runScenario('brokenDevice');
    expect(failures).toEqual(['a bug in the device']);
    expect(stage).toBe('failed');
    expect(other).toBe('userland');
  });
});
