import { describe, expect, it } from 'vitest';
import { type Instant } from '../../../src/core/index.ts';
import { courseLines, follow, type RehearsalCourse } from '../../../src/cli/rehearsal-text.ts';
import { rolloutLines, rolloutText, type RolloutCourse } from '../../../src/cli/rollout-text.ts';
import { copyText, plain, widthOf } from '../../../src/cli/text/index.ts';
import { type RehearsalEvent } from '../../../src/rehearsal/index.ts';
import { type Step, type Tier, type TierId } from '../../../src/release/index.ts';

const step = (title: string): Step => ({ title }) as Step;
const tier = (id: string, up: readonly string[]): Tier => ({
  id: id as TierId,
  order: 1,
  title: id,
  transaction: 'single',
  up: up.map(step),
  down: [],
  oneWay: null,
  check: [],
  barred: null,
});

describe('a rehearsal at work', () => {
  const events: readonly [RehearsalEvent, number][] = [
    [{ stage: 'clone', state: 'started' }, 0],
    [{ stage: 'clone', state: 'passed' }, 640],
    [{ stage: 'forward', state: 'started' }, 0],
    [
      { stage: null, state: 'step', tier: '2-table' as TierId, direction: 'up', n: 1, of: 3, title: 'evil\u001b[2J\n' },
      10,
    ],
  ];
  const begun: RehearsalCourse = { over: [], now: { stage: 'clone', step: null } };
  const course = events.reduce((now, [event, ms]) => follow(now, event, ms), begun);

  it('shows what is over with its time, where it is, and what is left; hostile text as text', () => {
    expect(courseLines(course, { spentMs: 12_000, leftMs: 40_000 }, plain)).toEqual([
      'passed  clone             640 ms',
      String.raw`now     forward: 2-table up, 1 of 3: evil\u{1b}[2J\n  12 s, about 40 s left`,
    ]);
  });

  it('keeps within a narrow terminal, because a line that breaks could not be taken back', () => {
    for (const columns of [20, 39, 60]) {
      const lines = courseLines(course, { spentMs: 12_000, leftMs: 40_000 }, { ...plain, columns });
      expect(lines.filter((line) => widthOf(line) > columns)).toEqual([]);
    }
  });
});

describe('a rollout at work', () => {
  const tiers = [
    tier('1-first', ['CREATE TABLE a', 'INSERT a']),
    tier('2-each', ['UPDATE b']),
    tier('3-last', ['DROP c']),
  ];
  const course: RolloutCourse = {
    over: [{ tier: '1-first', ms: 1200 }],
    now: { at: 'step', tier: '2-each', step: 1 },
    waitingFor: [{ pid: 12, application: 'psql\u202e', relation: 'public.b', mode: 'ACCESS EXCLUSIVE' }],
  };
  const of = { tiers, direction: 'up', timing: { spentMs: 4000, leftMs: 12_000 } } as const;

  it('shows its tiers as a list, the statement n of m, the time, what is left, and who it waits for', () => {
    expect(rolloutLines(course, of, plain)).toEqual([
      'done   1-first  2 statements  1.2 s',
      'now    2-each   statement 1 of 1: UPDATE b  4 s, about 12 s left',
      String.raw`waits  for session 12, psql\u{202e}: holds ACCESS EXCLUSIVE on public.b`,
      '       3-last',
    ]);
  });

  it('keeps within a narrow terminal', () => {
    for (const columns of [20, 40])
      for (const line of rolloutLines(course, of, { ...plain, columns }))
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });
});

it('a rollout says at its end of which tiers a synchronous standby may have nothing', () => {
  const [started, ended] = ['2026-01-01T00:00:00.000Z' as Instant, '2026-01-01T00:00:02.000Z' as Instant];
  const [first, second] = ['1-first' as TierId, '2-each' as TierId];
  const runs = [
    { tier: first, steps: 1, started, ended, replication: 'as-configured' },
    { tier: second, steps: 2, started, ended, replication: 'uncertain' },
  ] as const;
  expect(rolloutText({ result: 'done', tiers: [first, second], runs, schema: null }, plain).split('\n')).toEqual([
    'done  1-first  2.0 s  1 statement',
    'done  2-each   2.0 s  2 statements  committed on the primary; a synchronous standby may lack it',
  ]);
});

it('a copy says how far it is, and what is left once a tenth of it tells', () => {
  const total = 3000 * 1024 ** 2;
  expect(copyText({ done: total / 20, total, spentMs: 1000 })).toBe('golden copy: 150MB of 3000MB, 1 s');
  expect(copyText({ done: total / 4, total, spentMs: 20_000 })).toBe(
    'golden copy: 750MB of 3000MB, 20 s, about 1 min 00 s left',
  );
  expect(copyText({ done: total, total, spentMs: 50_000 })).toContain('50 s, nearly done');
  expect(copyText({ done: 0, total: 0, spentMs: 0 })).toBe('golden copy: 0kB of 0kB, 0 s');
});
