/**
 * `npm test`: static checks, unit tests, runs with the real guest in Node, and the page in a real Chromium.
 * Ends with one line `N passed, N failed[, N skipped]` and exits 1 when anything failed.
 */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './harness/browser.ts';
import { run, runSteps, steps } from './harness/steps.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const started = Date.now();
let passed = 0;
let failed = 0;
let skipped = 0;

const stepsFailed = await runSteps(steps);
failed += stepsFailed;
passed += steps.length - stepsFailed;

const browser = await ensureBrowser();
const dir = mkdtempSync(join(tmpdir(), 'tapline-test-'));
for (const project of ['unit', 'guest', 'browser']) {
  const file = join(dir, `${project}.json`);
  const { code } = await run(
    [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { echo: true, env: { CHROMIUM: browser } },
  );
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests;
    // A file that could not even be loaded, or a run that ended badly with no failed test, is a failure too.
    const broken = report.testResults.filter(
      (r) => r.status === 'failed' && r.assertionResults.length === 0,
    ).length;
    failed += broken;
    if (code !== 0 && report.numFailedTests + broken === 0) failed++;
  } catch {
    console.log(`✗ ${project}: no report was written`);
    failed++;
  }
}
rmSync(dir, { recursive: true, force: true });

console.log(`Took ${Math.round((Date.now() - started) / 1000)} s.`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
