import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { explainReason, required } from '../../src/gate/index.ts';
import { count } from '../counts.ts';
import { newest, withSession } from '../database.io.ts';
import { ask, type Bend, bends, plan, withAsked } from './agreement.io.ts';
import { withGate } from './cycle.io.ts';

const named = (of: readonly Bend[]): string => of.map(({ name }) => name).join(' and ');

describe.each(newest)('Node and PostgreSQL %s', (version) => {
  // the database keeps to ASCII, because its encoding may have no other signs, and puts no commas into a figure
  it('say in the same words which bound a metric misses', () =>
    withGate(version, {}, async (gated) => {
      const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
      await withSession(gated.database, async (session) => {
        for (const expectation of [{ equals: 0 }, { atLeast: 2 }, { atMost: 0 }, { atLeast: 1.5, atMost: 50_000 }]) {
          const [said] = await session.query<{ words: string }>(
            sql`select gate.misses(${statement}, 'rows', ${JSON.stringify(expectation)}::jsonb) as words`,
          );
          const node = explainReason({
            kind: 'invariant',
            metric: 'rows',
            measured: 1,
            required: required(expectation),
          });
          expect(said?.words).toBe(node.replaceAll('≥', '>=').replaceAll('≤', '<=').replaceAll(',000', '000'));
        }
      });
    }));

  it('give the same code for every field that is bent, in both directions', { timeout: 300_000 }, async () => {
    await withGate(version, plan, async (gated) => {
      await gated.as('app_owner', (session) => session.run('insert into public.readiness values (1)'));
      const codes = new Set<string>();
      await withAsked(gated, async (asked) => {
        for (const bend of bends) {
          const { node, database } = await ask(asked, [bend]);
          expect([bend.name, ...database]).toEqual([bend.name, ...node]);
          for (const code of node) codes.add(code);
        }
      });
      const all =
        'OPEN abandoned cycle evidence expired hold-point not-yet-valid policy purpose registry rehearsal-age review revoked schema seal seats statement target too-long';
      expect([...codes].toSorted().join(' ')).toBe(all);
    });
  });

  it('give the same code where several are bent at once: the order of the checks is one', {
    timeout: 300_000,
  }, async () => {
    await withGate(version, plan, async (gated) => {
      await gated.as('app_owner', (session) => session.run('insert into public.readiness values (1)'));
      await withAsked(gated, (asked) =>
        fc.assert(
          fc.asyncProperty(fc.subarray([...bends], { minLength: 2, maxLength: 3 }), async (chosen) => {
            const { node, database } = await ask(asked, chosen);
            expect([named(chosen), ...database]).toEqual([named(chosen), ...node]);
          }),
          { numRuns: count('bentStatements') },
        ),
      );
    });
  });

  it.each([
    ['the model of a key', 'gate.is_allowed(policy, k ->>', `true or gate.is_allowed(policy, k ->>`, 'software'],
    ['a key of two persons', 'where gate.is_single(registry, p, k)', 'where true', 'a key of two persons'],
    [
      'the form',
      `reason := 'statement: ' || gate.statement_problem(s.body::jsonb);`,
      'reason := null;',
      'another kind',
    ],
    ['what was begun', `if asked.signed_rules and exists`, `if false and exists`, 'another registry since'],
    [
      'whether the cycle is in place',
      `if p #>> '{opens,what}' is not distinct from 'rollback' and`,
      `if false and`,
      'a rollback of a cycle that has not begun',
    ],
    ['which release the cycle is of', `and c.subject = s.subject and`, `and`, 'a hold point of another release'],
    [
      'that the cycle is a rollout',
      `and c.body::jsonb #>> '{predicate,opens,what}' = 'rollout'`,
      ``,
      'a hold point of a hold point',
    ],
  ])('would not agree without %s: the comparison can fail', async (_what, from, to, bend) => {
    const change = (text: string): string => {
      expect(text).toContain(from);
      return text.replaceAll(from, to);
    };
    // what is handed in is looked at as well: it has to be blind too
    const blind = (text: string): string =>
      change(text)
        .replace(`perform gate.refuse('key-twice'`, `perform ('key-twice'`)
        .replace(`perform gate.refuse('authenticator'`, `perform ('authenticator'`);
    await withGate(version, { ...plan, change: blind }, async (gated) => {
      const { node, database } = await withAsked(gated, (asked) =>
        ask(
          asked,
          bends.filter(({ name }) => name === bend),
        ),
      );
      expect(database).not.toEqual(node);
    });
  });
});
