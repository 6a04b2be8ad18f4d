import { describe, expect, it } from 'vitest';
import { digest, type Instant } from '../../src/core/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type CycleRow } from '../../src/gate/index.ts';
import { whySpent, whyStale } from '../../src/site/statements/states.ts';
import { lastRollback } from '../../src/signing/index.ts';
import { executionBody } from '../evidence-kinds/bodies.ts';
import { entryOf } from './release.fixture.ts';

const seal = digest('seal', ['small']);
const at = (time: string): Instant => `2026-06-03T${time}Z` as Instant;
const done = (direction: 'up' | 'down') => ({ direction, tier: '1-rows', epoch: 1, steps: 1, schemaAfter: '' });
const cycle = (...directions: readonly ('up' | 'down')[]): CycleRow =>
  ({
    statement: 's' as StatementDigest,
    seal,
    opens: { what: 'rollout' },
    persons: [],
    closed: { up: null, down: null },
    next: { up: null, down: null },
    done: directions.map(done),
  }) as unknown as CycleRow;
const place = { seal, cycles: [] as readonly CycleRow[], rolledBack: -1, now: at('12:00:00.000') };
const asked = { opens: { what: 'rollout' }, expires: at('13:00:00.000'), index: 5 } as const;

describe('a statement that people were asked to sign', () => {
  it('waits until it expires, or the release is rolled back after it was asked', () => {
    expect(whyStale(asked, place)).toBe(null);
    expect(whyStale({ ...asked, expires: at('12:00:00.000') }, place)).toContain('expired');
    expect(whyStale(asked, { ...place, rolledBack: 4 })).toBe(null);
    expect(whyStale(asked, { ...place, rolledBack: 6 })).toContain('before the rollback');
  });

  it('for a rollback waits while something is rolled out', () => {
    const opens = { what: 'rollback', cycle: 's' as StatementDigest } as const;
    const why = (...of: readonly CycleRow[]): string | null => whyStale({ ...asked, opens }, { ...place, cycles: of });
    expect(why(cycle('up'))).toBe(null);
    expect(why(cycle('up', 'down'))).toContain('nothing of what it rolls back');
    expect(why()).toContain('nothing of what it rolls back');
  });

  it('for a hold point waits until the rollback begins, also before the first tier', () => {
    const opens = { what: 'tier', tier: '2-table', cycle: 's' as StatementDigest } as never;
    const why = (of: CycleRow): string | null => whyStale({ ...asked, opens }, { ...place, cycles: [of] });
    expect(why(cycle())).toBe(null);
    expect(why(cycle('up'))).toBe(null);
    expect(why(cycle('up', 'down'))).toContain('rollback has begun');
  });

  it('opens nothing more once its rollback has begun', () => {
    expect(whySpent(cycle('up'))).toBe(null);
    expect(whySpent(cycle('up', 'down'))).toContain('rollback has begun');
  });

  it('is older than a rollback of its own target alone, and of one that may have run', () => {
    const body = (more: object): unknown => executionBody({ direction: 'down', phase: 'applied', ...more });
    const evidence = [body({}), body({ phase: 'unknown' }), body({ phase: 'not-applied' }), body({ target: 'other' })];
    const pieces = evidence.map((one, index) => entryOf(index, 'execution', one));
    expect(lastRollback(pieces, 'production')).toBe(1);
    expect(lastRollback([entryOf(0, 'execution', executionBody({ phase: 'applied' }))], 'production')).toBe(-1);
  });
});
