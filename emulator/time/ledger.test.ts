import { describe, expect, it } from 'vitest';
import { CountingLedger, NO_STAGE } from './ledger.ts';
import { PROFILE_NONE, stageCost } from './profile.ts';

describe('CountingLedger', () => {
  it('counts runs, fates and work of nested stages each to its own', () => {
    const ledger = new CountingLedger();
    ledger.enter('t.1', 1);
    ledger.count('copies', 1);
    ledger.enter('t.2', 1);
    ledger.count('copiedBytes', 60);
    ledger.carries({ flow: 1, direction: 'out', from: 0, to: 6 });
    ledger.leave('dropped');
    ledger.count('copies', 1);
    ledger.leave('passed');
    expect(ledger.stage('t.1')).toEqual({
      entered: 1,
      fates: { passed: 1 },
      work: { copies: 2 },
      carried: 0,
    });
    expect(ledger.stage('t.2')).toEqual({
      entered: 1,
      fates: { dropped: 1 },
      work: { copiedBytes: 60 },
      carried: 1,
    });
    expect(ledger.stages()).toEqual(['t.1', 't.2']);
  });

  it('takes work outside any stage and a leave too many', () => {
    const ledger = new CountingLedger();
    ledger.leave('passed');
    ledger.count('exits', 2);
    expect(ledger.stage(NO_STAGE).work.exits).toBe(2);
  });

  it('keeps its balance past the deepest nesting it follows', () => {
    const ledger = new CountingLedger();
    for (let i = 0; i < 100; i++) ledger.enter('s', i);
    for (let i = 0; i < 100; i++) ledger.leave('passed');
    ledger.count('copies', 1);
    expect(ledger.stage('s')).toMatchObject({ entered: 100, fates: { passed: 100 } });
    expect(ledger.stage(NO_STAGE).work.copies).toBe(1);
  });

  it('is as before after save and restore', () => {
    const ledger = new CountingLedger();
    ledger.enter('s', 1);
    ledger.leave('queued');
    const other = new CountingLedger();
    other.restore(JSON.parse(JSON.stringify(ledger.save())));
    expect(other.save()).toEqual(ledger.save());
  });
});

describe('cost profiles', () => {
  it('charge nothing with the profile none', () => {
    expect(stageCost(PROFILE_NONE, 'h.s6', 1_500)).toBe(0);
    expect(PROFILE_NONE.instructionNs).toBe(1);
  });

  it('charge a stage by run and by byte', () => {
    const stages = { 'h.s6': { ns: 100, nsPerByte: 2, source: 'this test' } };
    expect(stageCost({ ...PROFILE_NONE, stages }, 'h.s6', 10)).toBe(120);
  });
});
