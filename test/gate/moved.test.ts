import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { applyGate, describeGate, planUpgrade, readAccount, readTierRows } from '../../src/gate/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { type Gated, gatedIn, type GatedPlan, release, runTier, withGate } from './cycle.io.ts';
import { attemptOn, ratifyFor, replacing, sign } from './purpose.io.ts';

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const stepwise: GatedPlan = {
  files: {
    ...release,
    'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
    'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
  },
};

/** Dumps a database with pg_dump of 15 and restores it as another one: what docs/OPERATIONS.md tells. */
function restore(from: Connection, to: Connection): void {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-dump-'));
  const file = join(folder, 'dump');
  const options = ({ host, port, user, database }: Connection): string[] => [
    `--host=${host}`,
    `--port=${port}`,
    `--username=${user ?? ''}`,
    `--dbname=${database}`,
  ];
  try {
    execFileSync('pg_dump', [...options(from), '-Fc', '-f', file], { stdio: 'pipe' });
    execFileSync('pg_restore', [...options(to), '--exit-on-error', file], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The gate of one server, restored on another. */
async function moved(
  plan: GatedPlan,
  of: {
    readonly before: (gated: Gated) => Promise<string>;
    readonly after: (gated: Gated, statement: string) => Promise<void>;
  },
): Promise<void> {
  // the roles of the gate, which a dump of one database does not hold
  await withGate('18', {}, async () =>
    withGate('15', plan, async (gated) => {
      const statement = await of.before(gated);
      await withDatabase('18', async (database) => {
        restore(gated.database, database);
        await of.after(gatedIn({ ...gated, database }), statement);
      });
    }),
  );
}

async function halfWay(gated: Gated): Promise<string> {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  await attemptOn(gated, { statement }, async (attempt) => {
    await attempt.begin();
    await attempt.enter();
    await attempt.step(1);
    await attempt.commit();
  });
  return statement;
}

async function whole(gated: Gated): Promise<string> {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  await runSql(gated.database, ['insert into public.readiness values (1)']);
  for (const tier of ['1-rows', '2-table'])
    await gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction: 'up', tier }));
  return statement;
}

const upgrade = (gated: Gated): Promise<boolean> =>
  withSession(gated.database, async (session) => {
    const { prepared } = await planUpgrade(session);
    if (prepared !== null) await applyGate(session, prepared);
    return prepared !== null;
  });

async function adopt(gated: Gated): Promise<void> {
  const { facts } = await gated.as('oneroof_relay', describeGate);
  const { account } = await gated.as('oneroof_relay', readAccount);
  const body = writeStatement({
    kind: 'adoption',
    subject: { name: 'production', digest: digest('account', [canonicalJson(account)]) },
    predicate: { facts, reason: 'moved', notBefore: at(-1000), expires: at(3_600_000), nonce: 'b'.repeat(32) },
  });
  await sign(gated, body, [gated.people.ana, gated.people.ben]);
  await gated.as('oneroof_relay', (session) => session.query(sql`select gate.adopt(${statementDigest(body)})`));
}

const why = (gated: Gated, statement: string, direction: 'up' | 'down'): Promise<string | null> =>
  gated.as('oneroof_observer', async (session) => {
    const [row] = await session.query<{ why: string | null }>(
      sql`select gate.why_closed(${statement}, ${direction}) as why`,
    );
    return row?.why ?? null;
  });
const rowsOf = async (gated: Gated): Promise<string> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query<{ rows: string }>(
      sql`select string_agg(i::text, ',' order by i) as rows from public.t`,
    );
    return row?.rows ?? '';
  });

/** The look at the whole of a gate that was made again. */
const requires = 'if (select intact from gate.identity) is distinct from';
/** So far it went; nothing of it stays. */
const stop = `do $stop$ begin raise exception 'as far as this'; end $stop$;`;

/** The machine has a 15 and the client programs of a server package; the embedded servers come without them. */
const is15 = versions.includes('15') && spawnSync('pg_dump', ['--version']).status === 0;

describe.skipIf(!is15)('a database that was dumped on 15 and restored on 18', () => {
  it('opens nothing before it is adopted, and its gate is made and pinned again by upgrade', async () => {
    await moved(
      {},
      {
        before: whole,
        after: async (gated, statement) => {
          expect(await why(gated, statement, 'down')).toMatch(/^target: /);
          await expect(runSql(gated.database, ['select gate.assert_intact()'])).rejects.toThrow('gate: intact: ');
          expect(await upgrade(gated)).toBe(true);
          await runSql(gated.database, ['select gate.assert_intact()']);
          expect(await upgrade(gated)).toBe(false);
          await adopt(gated);
          expect(await why(gated, statement, 'down')).toMatch(/^target: /);
          // its cycle is known: people carry the rollback on here
          await ratifyFor(gated, { what: 'rollback', cycle: statement as never });
          expect(await why(gated, statement, 'down')).toBeNull();
          for (const tier of ['2-table', '1-rows'])
            await gated.as('oneroof_executor', (session) =>
              runTier(session, { gated, statement, direction: 'down', tier }),
            );
          expect(await rowsOf(gated)).toBe('1');
          const again = await ratifyFor(gated, { what: 'rollout' });
          await gated.as('oneroof_executor', (session) =>
            runTier(session, { gated, statement: again, direction: 'up', tier: '1-rows' }),
          );
          expect(await rowsOf(gated)).toBe('1,2,3');
        },
      },
    );
  }, 180_000);

  it('carries the rollback of a release on that was half way', async () => {
    await moved(stepwise, {
      before: halfWay,
      after: async (gated, statement) => {
        expect(await upgrade(gated)).toBe(true);
        await adopt(gated);
        await expect(
          gated.as('oneroof_executor', (session) =>
            runTier(session, { gated, statement, direction: 'down', tier: '1-rows' }),
          ),
        ).rejects.toThrow('gate: target: ');
        await ratifyFor(gated, { what: 'rollback', cycle: statement as never });
        await gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement, direction: 'down', tier: '1-rows' }),
        );
        expect(await rowsOf(gated)).toBe('1');
      },
    });
  }, 180_000);

  it('is still GATE_TAMPERED where anything else differs', async () => {
    const tampered = [
      [
        'grant execute on function gate.submit_release(text, jsonb) to public',
        'revoke execute on function gate.submit_release(text, jsonb) from public',
      ],
      ['create function gate.back() returns void language sql as $$ $$', 'drop function gate.back()'],
      ['alter table gate.tiers disable trigger whole_tiers', 'alter table gate.tiers enable trigger whole_tiers'],
      ['alter event trigger oneroof_gate_drop disable', 'alter event trigger oneroof_gate_drop enable'],
      [
        'alter function gate.is_here(jsonb) owner to postgres',
        'alter function gate.is_here(jsonb) owner to gate_owner',
      ],
    ] as const;
    await moved(stepwise, {
      before: halfWay,
      after: async (gated) => {
        for (const [change, undo] of tampered) {
          await runSql(gated.database, [change]);
          await expect(upgrade(gated), change).rejects.toMatchObject({ code: 'GATE_TAMPERED' });
          await runSql(gated.database, [undo]);
        }
        // without the comparison, function by function, what somebody changed would be made again, and no one would be told
        const prepared = await withSession(gated.database, async (session) => (await planUpgrade(session)).prepared);
        const [[change]] = tampered;
        await runSql(gated.database, [change]);
        const applies = (text: (sql: string) => string): Promise<void> =>
          withSession(gated.database, (session) => applyGate(session, { ...prepared!, text: text(prepared!.text) }));
        const wholly = replacing([requires, requires.replace('if ', 'if false and ')]);
        await expect(applies((sql) => `${sql}\n${stop}`)).rejects.toThrow('as far as this');
        await runSql(gated.database, [tampered[0][1]]);
        // nor by a right on a table, which leaves a trace that revoking does not take away
        await runSql(gated.database, ['grant select on gate.statements to oneroof_relay']);
        await expect(upgrade(gated)).rejects.toMatchObject({ code: 'GATE_TAMPERED' });
        await expect(applies((sql) => `${sql}\n${stop}`)).rejects.toMatchObject({ code: 'GATE_TAMPERED' });
        await expect(applies((sql) => `${wholly(sql)}\n${stop}`)).rejects.toThrow('as far as this');
        expect(await gated.as('oneroof_relay', (session) => readTierRows(session, gated.sealed.seal))).toHaveLength(1);
      },
    });
  }, 180_000);
});
