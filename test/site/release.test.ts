import { describe, expect, it } from 'vitest';
import { type Milliseconds, now } from '../../src/core/index.ts';
import { type CycleRows, readRefusal } from '../../src/gate/index.ts';
import { judgeRelease, type Ratifications } from '../../src/report/index.ts';
import { readBody, type StatementDigest } from '../../src/evidence/index.ts';
import { readers } from '../../src/evidence-kinds/index.ts';
import { type LineSource, tierMarks } from '../../src/site/release/tiers.ts';
import { historyOf } from '../../src/site/release/release-history.ts';
import { ratified } from '../bundle/whole-bundle.ts';
import { dossierBody, executionBody, sealBody } from '../evidence-kinds/bodies.ts';
import { asked } from '../rollout/checked.ts';
import { entryOf, sealedSmall } from './release.fixture.ts';

const sealed = sealedSmall();
const ms = (n: number): Milliseconds => n as Milliseconds;

const cycle = (more: Partial<CycleRows> = {}): CycleRows => ({
  statement: 's' as StatementDigest,
  seal: sealed.seal,
  opens: { what: 'rollout' },
  persons: ['ana'],
  closed: { up: null, down: null },
  next: { up: '1-rows', down: null },
  done: [],
  steps: [],
  ...more,
});

const done = (tier: string, direction: 'up' | 'down' = 'up') => ({
  direction,
  tier,
  epoch: 1,
  steps: 1,
  schemaAfter: '',
});

function source(ratifications: Ratifications, more: Partial<LineSource> = {}): LineSource {
  const policy = { rehearsalMaxAge: ms(1), gateMaxAge: ms(1) };
  const judged = judgeRelease({ release: sealed, evidence: [], policy, now: now(), hrefOf: () => '' });
  return { sealed, report: judged.report, ratifications, holdPoints: [], running: [], ...more };
}

/** What a target says where its data are as they must be before the rollout. */
const metrics = { rows: 1, ready: 1, tables: 0 };
const read = (...cycles: readonly CycleRows[]): Ratifications => ({
  state: 'read',
  cycles: cycles.map((one) => (one.opens.what === 'rollout' ? asked(one, { ...sealed, metrics }) : one)),
});
const states = (of: LineSource): readonly string[] => tierMarks(of).map(({ state }) => state);
const gates = (of: LineSource): readonly string[] =>
  tierMarks(of).flatMap((tier) => tier.gates.map(({ title, state }) => `${tier.id} ${title}: ${state}`));

describe('the line of a release', () => {
  it('shows what is not known as unknown or closed, never as open', () => {
    const unread = source({ state: 'unread', why: 'no server answers there' });
    expect(states(unread)).toEqual(['unknown', 'unknown', 'barred']);
    expect(gates(unread)).toEqual(['1-rows ratification: unknown', '2-table Ready: unknown']);
    expect(states(source(read()))).toEqual(['closed', 'closed', 'barred']);
    expect(gates(source(read()))[0]).toBe('1-rows ratification: closed');
    // a ratification of another seal is none of this release
    const another = { ...cycle(), seal: `sha256:${'0'.repeat(64)}` };
    expect(states(source(read(another)))).toEqual(['closed', 'closed', 'barred']);
  });

  it('follows the target through a rollout and its rollback', () => {
    expect(states(source(read(cycle())))).toEqual(['open', 'closed', 'barred']);
    const half = cycle({
      done: [done('1-rows')],
      next: { up: '2-table', down: '1-rows' },
      closed: { up: readRefusal('data-gate: Ready: ready = 0, needs ≥ 1'), down: null },
    });
    expect(states(source(read(half)))).toEqual(['done', 'closed', 'barred']);
    expect(gates(source(read(half)))).toEqual(['1-rows ratification: open', '2-table Ready: closed']);
    const through = cycle({ done: [done('1-rows'), done('2-table')], next: { up: null, down: '2-table' } });
    expect(states(source(read(through)))).toEqual(['done', 'done', 'barred']);
    expect(gates(source(read(through)))[1]).toBe('2-table Ready: open');
    const back = cycle({ done: [done('1-rows'), done('1-rows', 'down')], next: { up: '2-table', down: null } });
    expect(states(source(read(back)))).toEqual(['back', 'closed', 'barred']);
  });

  it('closes a ratification that lacks seats, is revoked or is over', () => {
    for (const why of ['seats: 1 of 2', 'revoked: by ana', 'window: it is over']) {
      const closed = source(read(cycle({ closed: { up: readRefusal(why), down: null } })));
      expect(states(closed)).toEqual(['closed', 'closed', 'barred']);
      expect(gates(closed)[0]).toBe('1-rows ratification: closed');
    }
  });

  it('shows a hold point that the policy names, also where nobody has ratified it', () => {
    const held = source(read(cycle()), { holdPoints: ['2-table'] });
    expect(gates(held)).toContain('2-table hold point: closed');
    const open = source(read(cycle(), cycle({ opens: { what: 'tier', tier: '2-table', cycle: cycle().statement } })), {
      holdPoints: ['2-table'],
    });
    expect(gates(open)).toContain('2-table hold point: open');
  });
});

describe('what was recorded', () => {
  const body = (phase: string, more: object = {}) => executionBody({ phase, ...more });

  it('is told newest first, an intent folded into its outcome, and one without an outcome as begun', () => {
    const history = historyOf([
      entryOf(0, 'seal', sealBody()),
      entryOf(1, 'execution', body('intent')),
      entryOf(2, 'execution', body('applied')),
      entryOf(3, 'execution', body('intent', { tier: '2-table', steps: [1, 1] })),
      entryOf(4, 'ratification', ratified[0]?.body),
      entryOf(5, 'dossier', dossierBody()),
    ]);
    expect(history.map(({ what, status }) => `${what} ${status?.word ?? ''}`.trim())).toEqual([
      'Dossier recorded',
      'Ratified in production ratification',
      'Tier 2-table rolled out to production begun',
      'Tier 1-rows rolled out to production applied',
      'Sealed',
    ]);
  });

  it('says what cannot be read, and never leaves it out', () => {
    const wrong = historyOf([
      entryOf(0, 'rehearsal', { outcome: 'passed' }),
      entryOf(1, 'execution', { phase: 'applied' }),
      readBody({ entry: entryOf(2, 'gate', {}).entry, readable: false, reason: 'its bytes are missing' }, readers),
    ]);
    expect(wrong.map(({ status, detail }) => [status?.word, detail])).toEqual([
      ['unreadable', 'its bytes are missing'],
      ['unreadable', expect.stringMatching(/^version: /)],
      ['unreadable', expect.stringMatching(/^version: /)],
    ]);
  });
});
