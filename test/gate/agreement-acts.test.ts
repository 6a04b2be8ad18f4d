import { describe, expect, it } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { type StatementAct, may, type Opens } from '../../src/people/index.ts';
import { versions } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { changeOf, ratifyFor, replacing, revocationOf, rows, sign } from './purpose.io.ts';

const acts = ['begin', 'enter', 'step', 'leave', 'commit'] as const satisfies readonly StatementAct[];
const directions = ['up', 'down'] as const;
const steps = { up: rows, down: ['delete from t where i in (2, 3)'] } as const;

/** A gate in which a hold point can be answered, and every kind of statement is signed by everybody who may. */
const plan: GatedPlan = { policy: { holdPoints: [{ before: '2-table', seats: [{ level: 2, device: 'any' }] }] } };

/** Each kind of statement and purpose; what it opens, or null where it opens nothing. */
async function statements(gated: Gated): Promise<readonly { name: string; digest: string; opens: Opens | null }[]> {
  const { ana, ben } = gated.people;
  const cycle = await ratifyFor(gated, { what: 'rollout' });
  const tier = { what: 'tier', tier: '2-table', cycle } as const;
  const rollback = { what: 'rollback', cycle } as const;
  const subject = { name: 'small', digest: gated.sealed.seal };
  const others = {
    decline: writeStatement({
      kind: 'decline',
      subject,
      predicate: { decision: 'decline', reason: 'no', statement: cycle, nonce: 'f'.repeat(32) },
    }),
    revocation: revocationOf(`sha256:${'0'.repeat(64)}`),
    policy: changeOf(gated, 'policy', { document: { ...gated.policy, name: 'next' } }).body,
    registry: changeOf(gated, 'registry', { document: { ...gated.registry, version: 2 } }).body,
  };
  for (const body of Object.values(others)) await sign(gated, body, [ana, ben]);
  return [
    { name: 'rollout', digest: cycle, opens: { what: 'rollout' } },
    { name: 'tier', digest: await ratifyFor(gated, tier), opens: tier },
    { name: 'rollback', digest: await ratifyFor(gated, rollback), opens: rollback },
    ...Object.entries(others).map(([name, body]) => ({ name, digest: statementDigest(body), opens: null })),
  ];
}

/** Tries each act with a statement, as far as it comes, in an attempt and a tier of the cycle; the acts that went through. */
async function tried(
  session: Session,
  of: { readonly cycle: string; readonly statement: string; readonly direction: 'up' | 'down' },
): Promise<readonly StatementAct[]> {
  const { cycle, statement, direction } = of;
  const done: StatementAct[] = [];
  const attempt = async (act: StatementAct, call: () => Promise<unknown>): Promise<void> => {
    await session.query(sql`savepoint a`);
    await call().then(
      () => void done.push(act),
      async () => void (await session.query(sql`rollback to a`)),
    );
  };
  const begin = sql`select gate.begin_attempt(${statement}, ${direction})`;
  await session.query(sql`begin`);
  await attempt('begin', () => session.query(begin));
  await session.query(sql`rollback`);
  const [row] = await session.query<{ epoch: string }>(
    sql`select gate.begin_attempt(${cycle}, ${direction})::text as epoch`,
  );
  const epoch = row?.epoch ?? '0';
  const enter = (by: string) =>
    session.query(sql`select gate.enter_tier(${by}, ${direction}, '1-rows', ${epoch}::bigint)`);
  const step = (by: string, n: number) =>
    session.query(
      sql`select gate.run_step(${by}, ${direction}, '1-rows', ${n}::integer, ${steps[direction][n - 1] ?? ''})`,
    );
  await session.query(sql`begin`);
  // a cycle is entered by itself; everything else beside a tier of the cycle that was entered
  await attempt('enter', () => enter(statement));
  if (!done.includes('enter')) await enter(cycle);
  for (const n of steps[direction].keys())
    await attempt('step', async () => {
      await step(statement, n + 1);
    });
  await attempt('leave', () =>
    session.query(sql`select gate.leave_tier(${statement}, ${direction}, '1-rows', ${epoch}::bigint)`),
  );
  await session.query(sql`commit`).then(
    () => void done.push('commit'),
    () => null,
  );
  await session.query(sql`rollback`);
  return acts.filter((act) => done.includes(act));
}

/** The acts that go through for each statement and direction, by the database; and by Node's table. */
async function compare(gated: Gated): Promise<{ readonly database: unknown[]; readonly node: unknown[] }> {
  const all = await statements(gated);
  const cycle = all[0]!.digest;
  const answers = { database: [] as unknown[], node: [] as unknown[] };
  await gated.as('oneroof_executor', async (session) => {
    // the cycle itself comes last: afterwards it is rolled out, and then rolled back
    for (const direction of directions)
      for (const { name, digest, opens } of all.toReversed()) {
        answers.database.push([name, direction, await tried(session, { cycle, statement: digest, direction })]);
        answers.node.push([name, direction, acts.filter((act) => opens !== null && may(opens, direction, act))]);
      }
  });
  return answers;
}

describe.each(versions)('Node and PostgreSQL %s', (version) => {
  it('let the same statements begin, enter, step, leave and commit', { timeout: 120_000 }, () =>
    withGate(version, plan, async (gated) => {
      const { node, database } = await compare(gated);
      expect(database).toEqual(node);
      expect(database).toHaveLength(14);
    }),
  );
});

it('the comparison can fail: a database with another table', { timeout: 120_000 }, () =>
  withGate(
    '18',
    {
      ...plan,
      change: replacing(
        [`('tier', 'up', array['hold-point']`, `('tier', 'up', array['begin', 'enter']`],
        [
          `and (gate.may(of_statement, 'up', 'begin') and gate.may(of_statement, 'down', 'begin')) is not true then`,
          'and false then',
        ],
      ),
    },
    // the tier that ran under the answer to its hold point may also be what ends the comparison
    (gated) =>
      expect(compare(gated).then(({ node, database }) => expect(database).toEqual(node))).rejects.toThrow(
        /in-progress|deeply equal/,
      ),
  ),
);
