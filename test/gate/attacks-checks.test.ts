import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBinaries, sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import {
  applyGate,
  describeGate,
  planUninstall,
  readTierRows,
  submitRelease,
  submitSignature,
} from '../../src/gate/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, release, withGate } from './cycle.io.ts';
import { as, attempt, leave, step } from './hostile.io.ts';
import { attemptOn, ratifyFor, replacing, rows, sign } from './purpose.io.ts';

const executor = 'oneroof_executor';
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const stepwise: GatedPlan = {
  files: {
    ...release,
    'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
  },
};
const steps = (statement: string): readonly string[] => rows.map((text, index) => step(statement, index + 1, text));
const has = async (gated: Gated, row: number): Promise<boolean> =>
  (await withSession(gated.database, (session) => session.query(sql`select from public.t where i = ${row}::integer`)))
    .length > 0;

/** A release whose first tier is committed with one of its two steps. */
async function halfWay(gated: Gated): Promise<string> {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  await attemptOn(gated, { statement }, async ({ begin, enter, step: run, commit }) => {
    await begin();
    await enter();
    await run(1);
    await commit();
  });
  return statement;
}

/** What only a check of the gate stops: an attack, the refusal, what the check is, and what the attack takes without it. */
interface Check {
  readonly name: string;
  readonly plan?: GatedPlan;
  readonly attack: (gated: Gated) => Promise<void>;
  readonly why: string;
  readonly safeguard: readonly (readonly [from: string, to: string])[];
  readonly taken: (gated: Gated) => Promise<void>;
}

/** Another server, to which the gate's rows were restored, gives the number of a transaction out again. */
const recycled = async (gated: Gated): Promise<void> => {
  const statement = await halfWay(gated);
  await gated.as(executor, async (session) => {
    await session.run('begin');
    const [row] = await session.query<{ xid: string }>(sql`select pg_current_xact_id()::text as xid`);
    await runSql(gated.database, [
      'set session_replication_role = replica',
      `update gate.tiers set xid = '${row?.xid}'::xid8`,
    ]);
    await session.run(step(statement, 2, rows[1]));
    await session.run('commit');
  });
};

/** As SQL of the application and the gate's own look at COMMIT left it. */
const toldAtCommit = 'perform gate.commit_schema(new.statement, new.programs);\n  return null;';
const tells = replacing([
  toldAtCommit,
  toldAtCommit.replace(
    'return null;',
    `insert into public.told values (current_setting('synchronous_commit')); return null;`,
  ),
]);

const checks: readonly Check[] = [
  {
    name: 'a step in a transaction that has the number of the one that entered the tier, before a restore',
    plan: stepwise,
    attack: recycled,
    why: 'gate: order: the tier was not entered in this transaction',
    safeguard: [[' and e.began = transaction_timestamp();', ';']],
    taken: async (gated) => expect(await has(gated, 3)).toBe(true),
  },
  {
    name: 'a ratification of a release that people have ended',
    attack: async (gated) => {
      await gated.as('oneroof_relay', (relay) => submitRelease(relay, gated.sealed));
      const { facts } = await gated.as('oneroof_relay', describeGate);
      const tiers = await gated.as('oneroof_relay', (relay) => readTierRows(relay, gated.sealed.seal));
      const body = writeStatement({
        kind: 'abandonment',
        subject: { name: 'small', digest: gated.sealed.seal },
        predicate: {
          facts,
          rows: tiers,
          reason: 'enough',
          notBefore: at(-1000),
          expires: at(60_000),
          nonce: 'a'.repeat(32),
        },
      });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await gated.as('oneroof_relay', (relay) => relay.query(sql`select gate.abandon(${statementDigest(body)})`));
      const late = await gated.ratification();
      await gated.as('oneroof_relay', (relay) => submitSignature(relay, late, assertion(gated.people.ana, late)));
    },
    why: 'gate: abandoned: people abandoned this release',
    safeguard: [
      ["perform gate.refuse('abandoned', 'people abandoned", "perform num_nonnulls('abandoned', 'people abandoned"],
    ],
    taken: async (gated) => {
      const [held] = await withSession(gated.database, (session) =>
        session.query<{ n: string }>(sql`select count(*)::text as n from gate.statements where kind = 'ratification'`),
      );
      expect(held).toEqual({ n: '1' });
    },
  },
  {
    name: 'SQL in another encoding than that of the sealed bytes',
    attack: async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const { host, port, database } = gated.database;
      const input = [
        `select gate.begin_attempt('${statement}', 'up')::text as epoch \\gset`,
        'begin;',
        `select gate.enter_tier('${statement}', 'up', '1-rows', :epoch);`,
        ...steps(statement).map((text) => `${text};`),
        `select gate.leave_tier('${statement}', 'up', '1-rows', :epoch);`,
        'commit;',
      ].join('\n');
      const psql = join(findBinaries(15).folder, 'psql');
      const options = ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', host, '-p', `${port}`, '-U', executor, database];
      // libpq says it as it connects, so RESET ALL comes back to it
      const env = { ...process.env, PGCLIENTENCODING: 'LATIN1' };
      const { stderr, status } = spawnSync(psql, options, { input, encoding: 'utf8', env });
      if (status !== 0) throw new Error(stderr);
    },
    why: 'gate: setting: client_encoding is not UTF8',
    safeguard: [["if pg_client_encoding() is distinct from 'UTF8' then", 'if false then']],
    taken: async (gated) => expect(await has(gated, 3)).toBe(true),
  },
  {
    name: 'a COMMIT that does not wait for the disk',
    plan: { application: ['create table told (what text)', 'grant insert on told to public'], change: tells },
    attack: async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const end = [...leave(statement), 'set local synchronous_commit = off', 'commit'];
      await as(gated, executor, attempt(statement, steps(statement), end));
      const told = await withSession(gated.database, (session) => session.query(sql`select what from public.told`));
      if (JSON.stringify(told) !== '[{"what":"off"}]') throw new Error(`it waited: ${JSON.stringify(told)}`);
    },
    why: 'it waited: [{"what":"on"}]',
    safeguard: [
      [
        "if current_setting('synchronous_commit') is distinct from 'remote_apply' then perform set_config('synchronous_commit', 'on', true); end if;",
        '',
      ],
    ],
    taken: async (gated) => expect(await has(gated, 3)).toBe(true),
  },
];

describe.each(versions)('what a check of the gate stops on PostgreSQL %s', (version) => {
  it.each(checks)('is $name', { timeout: 120_000 }, ({ plan = {}, attack, why }) =>
    withGate(version, plan, (gated) => expect(attack(gated)).rejects.toThrow(why)),
  );

  it.each(checks)(
    'would not be, without it: $name',
    { timeout: 120_000 },
    ({ plan = {}, attack, safeguard, taken }) => {
      const { change = (text: string) => text } = plan;
      return withGate(version, { ...plan, change: (text) => replacing(...safeguard)(change(text)) }, async (gated) => {
        await attack(gated);
        await taken(gated);
      });
    },
  );

  it('is the removal of the gate while a release is half way, or can be rolled back', { timeout: 120_000 }, () =>
    withGate(version, stepwise, async (gated) => {
      await halfWay(gated);
      const remove = (change: (text: string) => string): Promise<void> =>
        withSession(gated.database, async (session) => {
          const plan = await planUninstall(session);
          await applyGate(session, { ...plan, text: change(plan.text) });
        });
      await expect(remove((text) => text)).rejects.toMatchObject({ code: 'GATE_BUSY' });
      const quiet = (what: string): ((text: string) => string) =>
        replacing([
          `raise exception using errcode = 'OR001', message = 'gate: busy: ${what}`,
          `raise notice using message = 'gate: busy: ${what}`,
        ]);
      // each of the two looks for itself
      const [half, rolledOut] = [quiet('a release is half way'), quiet('a release is rolled out')];
      await expect(remove(half)).rejects.toMatchObject({ code: 'GATE_BUSY' });
      await expect(remove(rolledOut)).rejects.toMatchObject({ code: 'GATE_BUSY' });
      await remove((text) => rolledOut(half(text)));
      const [left] = await withSession(gated.database, (session) =>
        session.query(sql`select to_regnamespace('gate')::text as gate`),
      );
      expect(left).toEqual({ gate: null });
    }),
  );
});
