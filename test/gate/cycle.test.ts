import { describe, expect, it } from 'vitest';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { chooseCycle, type CycleRows, isWaiting, lacksSeats, readRefusal } from '../../src/gate/index.ts';

const seal = 'sha256:1';
const closed = readRefusal('expired: its time has ended');
const marker = (direction: 'up' | 'down') => ({ direction, tier: '1-a', epoch: 1, steps: 1, schemaAfter: '' });
const cycle = (name: string, more: Partial<CycleRows> = {}): CycleRows => ({
  statement: name as StatementDigest,
  seal,
  opens: { what: 'rollout' },
  persons: [],
  closed: { up: closed, down: closed },
  next: { up: '1-a', down: null },
  done: [],
  steps: [],
  ...more,
});
const chosen = (cycles: readonly CycleRows[], direction?: 'up' | 'down'): string | null =>
  chooseCycle(cycles, direction === undefined ? { seal } : { seal, direction })?.statement ?? null;

describe('the ratification that counts', () => {
  const half = cycle('half', { done: [marker('up')] });
  const step = cycle('step', { steps: [{ direction: 'up', tier: '1-a', n: 1 }] });
  const back = cycle('back', { done: [marker('up'), marker('down')] });
  const open = cycle('open', { closed: { up: null, down: closed } });
  const openDown = cycle('open down', { closed: { up: closed, down: null } });

  it('is the one that is half-way, else an open one, else the newest', () => {
    expect(chosen([open, half])).toBe('half');
    expect(chosen([open, step])).toBe('step');
    expect(chosen([back, cycle('old'), open])).toBe('open');
    expect(chosen([])).toBeNull();
  });

  it('is never one that has ended where there is another one: rolled back, or undone by others', () => {
    const waits = readRefusal('seats: 1 of 2 seats are filled');
    expect(chosen([back, cycle('waits', { closed: { up: waits, down: waits } })])).toBe('waits');
    // where all have ended, the newest says why
    expect(chosen([back, cycle('expired')])).toBe('back');
    expect(chosen([cycle('expired'), back])).toBe('expired');
    expect(chosen([back])).toBe('back');
    const said = { notAsked: [], waits: [], measured: true, locked: false };
    const whole = (name: string, ...why: readonly string[]): CycleRows => {
      const up = { ...said, next: null, closed: why.map((text) => ({ tier: null, why: readRefusal(text) })) };
      const down = { ...said, next: '1-a', closed: [] };
      return cycle(name, { done: [marker('up')], next: { up: null, down: '1-a' }, checked: { up, down } });
    };
    const there = whole('there', 'expired: its time has ended');
    expect(chosen([open, there])).toBe('there');
    const gone = whole('gone', 'schema: it is no longer as tier 1-a up left it');
    expect(chosen([gone, open])).toBe('open');
    expect(chosen([cycle('unsigned'), gone])).toBe('gone');
    expect(chosen([gone, back])).toBe('gone');
    // its rollback is still its own
    expect(chosen([gone, open], 'down')).toBe('gone');
  });

  it('is open in the direction that is asked for', () => {
    expect(chosen([openDown, open])).toBe('open');
    expect(chosen([open, openDown], 'down')).toBe('open down');
  });

  it('is of this seal, and none for a hold point', () => {
    const other = { ...half, seal: 'sha256:2' };
    const further = { ...half, opens: { what: 'tier', tier: '1-a', cycle: half.statement } } as const;
    expect(chosen([other, further])).toBeNull();
    expect(chosen([other, further, open])).toBe('open');
  });
});

it('a ratification waits for signatures, or for what is handed in with them, until something was done under it', () => {
  const of = (text: string, done: CycleRows['done'] = []) =>
    cycle('one', { done, closed: { up: readRefusal(text), down: closed } });
  const waiting = ['seal: it was not handed in', 'target: another one', 'seats: 1 of 2 seats are filled'];
  for (const text of waiting) expect([text, isWaiting(of(text))]).toEqual([text, true]);
  for (const text of waiting) expect([text, isWaiting(of(text, [marker('up')]))]).toEqual([text, false]);
  for (const text of ['revoked: by ana', 'expired: over', 'seatsfoo: x', 'seats', 'release: x'])
    expect([text, isWaiting(of(text))]).toEqual([text, false]);
  expect(isWaiting(cycle('open', { closed: { up: null, down: null } }))).toBe(false);
  expect(waiting.filter((text) => lacksSeats(of(text)))).toEqual(waiting.slice(-1));
});
