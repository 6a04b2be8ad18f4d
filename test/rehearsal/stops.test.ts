import { describe, expect, it } from 'vitest';
import { rehearse, type Rehearsal } from '../../src/rehearsal/index.ts';
import { chosenSteps, partial, tooLong } from '../../src/rehearsal/boundaries/stops.ts';
import { type Tier } from '../../src/release/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const time = { timeout: 120_000 };
const before = ['create table public.t (i integer, a integer, b integer)', 'insert into public.t values (1, 1, 1)'];

/** A tier that commits each of its steps. */
const each = (id: string, sql: { readonly up: readonly string[]; readonly down: readonly string[] }): Tier => ({
  ...tier(id, sql),
  transaction: 'each',
});

const rehearsed = (tiers: readonly Tier[], more: { readonly full?: true } = {}): Promise<Rehearsal> =>
  withHost(before, async ({ host, clones }) => {
    const rehearsal = await rehearse({ release: sealed(tiers), host, owner: 'test', keep: 'never', ...more });
    expect([...clones]).toEqual([]);
    return rehearsal;
  });

const first = tier('1-first', { up: ['create table public.one ()'], down: ['drop table public.one'] });
const steps = ['a', 'b', 'c', 'd', 'e'];
const up = steps.map((name) => `create index t_${name} on public.t (i, a, b)`);
const last = tier('3-last', { up: ['create table public.three ()'], down: ['drop table public.three'] });
const strict = each('2-each', { up, down: steps.toReversed().map((name) => `drop index public.t_${name}`) });
const lenient = each('2-each', { up, down: steps.toReversed().map((name) => `drop index if exists public.t_${name}`) });

describe('a tier that commits step by step', () => {
  it('is rolled back from its first step, a middle one and the one before the last', time, async () => {
    const { problems, stops } = await rehearsed([first, lenient, last]);
    expect(problems).toEqual([]);
    expect(stops?.map(({ step, of, state }) => ({ step, of, state }))).toEqual(
      [1, 2, 4].map((step) => ({ step, of: 5, state: 'equal' })),
    );
  });

  it('is rolled back from every step with --full', time, async () => {
    const { problems, stops } = await rehearsed([lenient], { full: true });
    expect(problems).toEqual([]);
    expect(stops?.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  });

  it('is refused where its down fails from a step, and what comes after it is not proven', time, async () => {
    const later = each('3-later', {
      up: ['create table public.x ()', 'create table public.y ()'],
      down: ['drop table if exists public.x, public.y'],
    });
    const { outcome, problems, stops } = await rehearsed([first, strict, later]);
    expect(outcome).toBe('failed');
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^a rollback of tier 2-each that was stopped after step 1 of 5 fails: .*t_e/),
    ]);
    expect(problems[0]?.fix).toContain('IF EXISTS');
    expect(stops?.map(({ tier: id, step, state }) => `${id} ${step} ${state}`)).toEqual([
      '2-each 1 different',
      '2-each 2 not proven',
      '2-each 4 not proven',
      '3-later 1 not proven',
    ]);
  });

  it('is refused where its down does not restore the rows from a step', time, async () => {
    const counts = each('2-each', {
      up: ['update public.t set a = a + 1', 'update public.t set b = b + 1'],
      // right for the whole tier alone
      down: ['update public.t set a = a - 1, b = b - 1'],
    });
    const { problems, stops } = await rehearsed([counts]);
    expect(problems.map(({ code }) => code)).toEqual(['BACK_DIFFERS']);
    expect(problems[0]?.problem).toContain('stopped after step 1 of 2 does not restore the previous state');
    expect(stops).toMatchObject([{ step: 1, state: 'different' }]);
  });

  it('says nothing of the same statements in one transaction', time, async () => {
    const { problems, stops } = await rehearsed([{ ...strict, transaction: 'single' }]);
    expect(problems).toEqual([]);
    expect(stops).toEqual([]);
  });
});

describe('the steps that a rollback is tried from', () => {
  it('are few, and each once', () => {
    expect([2, 3, 4, 9].map((count) => chosenSteps(count, false))).toEqual([[1], [1, 2], [1, 2, 3], [1, 4, 8]]);
    expect(chosenSteps(4, true)).toEqual([1, 2, 3]);
  });

  it('are of tiers that can be half way, and can be undone', () => {
    const of = (more: Partial<Tier>): readonly Tier[] => partial([{ ...lenient, ...more }]);
    expect(of({})).toHaveLength(1);
    for (const more of [
      { oneWay: 'no' },
      { barred: 'no' },
      { up: lenient.up.slice(0, 1) },
      { transaction: 'single' as const },
    ])
      expect(of(more)).toEqual([]);
  });

  it('are not tried where they would run for long', () => {
    const measured = (ms: number) =>
      lenient.up.map((_, at) => ({
        tier: lenient.id,
        direction: 'up' as const,
        index: at + 1,
        durationMs: ms,
      })) as unknown as Parameters<typeof tooLong>[1];
    expect(tooLong(lenient, measured(1000), [{ step: 1 }, { step: 2 }, { step: 4 }])).toBeNull();
    expect(tooLong(lenient, measured(10_000), [{ step: 1 }, { step: 2 }, { step: 4 }])).toContain('70 s');
  });
});
