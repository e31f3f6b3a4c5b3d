import { describe, expect, it } from 'vitest';
import { formatLink, parseLink } from './deep-link.ts';

const parse = (hash: string) => parseLink(hash, 'two-paths');

describe('deep links', () => {
  it('go round', () => {
    const link = {
      lab: 'two-paths',
      step: 'bridge',
      path: 'bridge',
      mac: '00:0c:29:12:34:56',
      panel: 'packets',
      packet: 12,
    } as const;
    expect(parse(formatLink(link))).toEqual({ link, problems: [] });
  });

  it('have the number the packet list shows, where programs have the index', () => {
    expect(parse('#packet=1').link.packet).toBe(0);
    expect(formatLink({ packet: 0 })).toBe('#packet=1');
  });

  it('ask for nothing when empty', () => {
    expect(parse('')).toEqual({ link: {}, problems: [] });
    expect(parse('#')).toEqual({ link: {}, problems: [] });
  });

  it.each([
    ['#lab=nope', '“nope”'],
    ['#step=nope', '“nope”'],
    ['#path=bogus', 'nat, bridge and native'],
    ['#mac=52:54', 'hexadecimal'],
    ['#panel=cellar', 'terminal'],
    ['#packet=-1', 'count from 1'],
    ['#packet=0', 'count from 1'],
    ['#packet=9999999999', 'count from 1'],
  ])('leave out what does not fit and say so: %s', (hash, words) => {
    const { link, problems } = parse(hash);
    expect(link).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
  });

  it('keep what fits beside what does not', () => {
    const { link, problems } = parse('#lab=two-paths&path=bogus&packet=3');
    expect(link).toEqual({ lab: 'two-paths', packet: 2 });
    expect(problems).toHaveLength(1);
  });

  it('shorten hostile text', () => {
    const { problems } = parse(`#path=${'x'.repeat(10_000)}`);
    expect(problems[0]!.length).toBeLessThan(250);
  });
});
