import { beforeAll, describe, expect, it } from 'vitest';
import { type Instant } from '../../src/core/index.ts';
import { type Direction, readRelease, type Release } from '../../src/release/index.ts';
import { type Execution, missingLines, positionOf, type Progress, transactionsOf } from '../../src/rollout/index.ts';
import { executionBody } from '../evidence-kinds/bodies.ts';
import { withFolder } from '../release/folder.io.ts';
import { files } from './fixture.io.ts';

let release: Release;
beforeAll(async () => {
  release = await withFolder(files, readRelease);
});

const line = (tier: string, phase: Execution['phase'], more: Partial<Execution> = {}): Execution =>
  ({ ...executionBody({ tier, phase, steps: [1, 2] }), ...more }) as Execution;
const mark = (tier: string, direction: Direction = 'up') => ({ tier, direction, epoch: '3', schemaAfter: '' });
const steps = (tier: string, count: number, direction: Direction = 'up') =>
  Array.from({ length: count }, (_, at) => ({ tier, direction, n: at + 1 }));
const first: Progress = { markers: [mark('1-first')], steps: steps('1-first', 2) };
const nothing: Progress = { markers: [], steps: [] };

const missing = (more: Partial<Parameters<typeof missingLines>[0]>): readonly string[] =>
  missingLines({
    release,
    cycle: line('1-first', 'intent'),
    progress: nothing,
    recorded: [],
    beside: [],
    ended: '9',
    standbys: 'none',
    at: '2026-06-03T08:00:00.000Z' as Instant,
    ...more,
  }).map(({ tier, direction, steps: [from, to], phase, epoch, kept }) =>
    [tier, direction, `${from}-${to}`, phase, epoch, kept].join(' '),
  );

describe('what a record lacks', () => {
  it('is nothing where each transaction of the rows is told, or follows from what came after', () => {
    expect(missing({ progress: first, recorded: [line('1-first', 'intent'), line('1-first', 'applied')] })).toEqual([]);
    const next = line('2-each', 'intent', { steps: [1, 1] });
    const progress = { ...first, steps: [...first.steps, ...steps('2-each', 1)] };
    expect(missing({ progress, recorded: [line('1-first', 'intent'), next] })).toEqual([
      '2-each up 1-1 applied 1 rows',
    ]);
  });

  it('is the outcome of an intent, by its attempt; or what the rows show where all of it was lost', () => {
    expect(missing({ progress: first, recorded: [line('1-first', 'intent', { epoch: '7' })] })).toEqual([
      '1-first up 1-2 applied 7 rows',
    ]);
    expect(missing({ progress: first })).toEqual(['1-first up 1-2 applied 3 rows']);
    const down = {
      markers: [...first.markers, mark('1-first', 'down')],
      steps: [...first.steps, ...steps('1-first', 2, 'down')],
    };
    expect(missing({ progress: down })).toEqual(['1-first up 1-2 applied 3 rows', '1-first down 1-2 applied 3 rows']);
    // never out of order: what came before the last line that is known stays as it is
    const recorded = [line('1-first', 'applied', { direction: 'down' })];
    expect(missing({ progress: down, recorded })).toEqual([]);
  });

  it('is that a transaction was not applied only where its attempt has ended', () => {
    const recorded = [line('1-first', 'intent', { epoch: '7' })];
    expect(missing({ recorded, ended: '7' })).toEqual(['1-first up 1-2 not-applied 7 rows']);
    expect(missing({ recorded, ended: '6' })).toEqual([]);
    expect(missing({ recorded, ended: null })).toEqual([]);
  });

  it('is the leaving of a tier that is left alone, where the rows have its marker, and no step before it', () => {
    const alone = {
      tiers: release.tiers.map((tier) => (tier.id === '2-each' ? { ...tier, transaction: 'outside' as const } : tier)),
    };
    const open = [
      line('1-first', 'applied'),
      line('2-each', 'applied', { steps: [1, 1] }),
      line('2-each', 'intent', { steps: [2, 2] }),
      line('2-each', 'intent', { steps: [0, 0], epoch: '7' }),
    ];
    const ran = { markers: first.markers, steps: [...first.steps, ...steps('2-each', 2)] };
    const left = { ...ran, markers: [...ran.markers, mark('2-each')] };
    expect(missing({ release: alone, progress: left, recorded: open })).toEqual(['2-each up 0-0 applied 7 rows']);
    expect(missing({ release: alone, progress: ran, recorded: open })).toEqual(['2-each up 0-0 not-applied 7 rows']);
    const whole = transactionsOf([...open, line('2-each', 'applied', { steps: [0, 0], epoch: '7' })]);
    expect(whole.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'applied', 'applied']);
    const two = { tiers: alone.tiers.filter(({ id }) => id !== '3-last') };
    expect(positionOf(two, whole)).toMatchObject({ state: 'finalized', active: ['1-first', '2-each'] });
  });

  it('says that a standby may lack what no answer told of', () => {
    const of = { release, cycle: line('1-first', 'intent'), progress: first, recorded: [], beside: [], ended: null };
    const at = '2026-06-03T08:00:00.000Z' as Instant;
    expect(missingLines({ ...of, at, standbys: 'may-lack' })).toMatchObject([{ reason: { code: 'standby-behind' } }]);
  });

  it('is taken from what was kept beside where the rows agree, and from nothing else there', () => {
    const beside = [line('1-first', 'intent'), line('1-first', 'applied'), line('3-last', 'applied')];
    expect(missing({ progress: first, beside })).toEqual([
      '1-first up 1-2 intent 1 beside',
      '1-first up 1-2 applied 1 beside',
    ]);
    expect(missing({ beside })).toEqual([]);
  });

  it('makes known what was not known', () => {
    const lines = [line('1-first', 'intent'), line('1-first', 'unknown')];
    expect(transactionsOf(lines).map(({ outcome }) => outcome)).toEqual(['unknown']);
    expect(missing({ progress: first, recorded: lines })).toEqual(['1-first up 1-2 applied 1 rows']);
    expect(missing({ recorded: lines })).toEqual(['1-first up 1-2 not-applied 1 rows']);
    expect(transactionsOf([...lines, line('1-first', 'applied')]).map(({ outcome }) => outcome)).toEqual(['applied']);
  });
});
