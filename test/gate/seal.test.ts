import { describe, expect, it } from 'vitest';
import { sampleOf } from '../counts.ts';
import { newest, versions } from '../database.io.ts';
import { application, letThroughByBoth, refusedByBoth } from '../release/gated-cases.ts';
import { type Gated, withGate } from './cycle.io.ts';
import { withKept } from './kept.io.ts';
import { as, attempt, type Forgery, leave, ratifyHostile, step } from './hostile.io.ts';

/** Runs a tier up to its COMMIT, which it does not reach: so the next one finds the same database. */
const run = async (gated: Gated, forgery: Forgery): Promise<void> => {
  const { steps } = forgery;
  const statement = await ratifyHostile(gated, forgery);
  const middle = steps.map((sql, at) => step(statement, at + 1, sql));
  await as(gated, 'oneroof_executor', attempt(statement, middle, [...leave(statement), 'rollback']));
};

/** What the refusal of each rule reads like. A constraint of the gate refuses by its own name. */
const reads: Readonly<Record<string, RegExp>> = {
  RULE_DEFINER: /^gate: definer/,
  RULE_GATE: /^gate: (intact|guard|order|commit)|permission denied|must be (owner|able|member)|does not exist/,
  RULE_EXECUTE: /^EXECUTE of|^cannot COPY/,
  RULE_CONCURRENTLY: /cannot (run inside a transaction block|be executed from a function)/,
  RULE_SUPERUSER: /superuser|permission denied/,
};

describe.each(versions)('the gate on PostgreSQL %s', (version) => {
  it(
    'refuses each statement that the seal refuses for its sake',
    () =>
      withGate(version, { application }, (fresh) =>
        withKept(fresh, async (gated) => {
          const known = refusedByBoth.filter(
            (one) => Number(version) >= 15 || !one.at(-1)?.includes('for tables in schema'),
          );
          const tried = version === newest[0] ? known : sampleOf(known, { every: 5, kind: ([code]) => code });
          for (const [code, ...steps] of tried)
            await expect(run(gated, { steps }), steps.at(-1)).rejects.toThrow(reads[code]);
        }),
      ),
    600_000,
  );

  it(
    'runs each statement that the seal lets through',
    () => withGate(version, { application }, (gated) => run(gated, { steps: letThroughByBoth, rehearsed: true })),
    120_000,
  );
});
