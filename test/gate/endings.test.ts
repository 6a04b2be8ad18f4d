import { describe, expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import {
  applyGate,
  describeGate,
  planUninstall,
  planUpgrade,
  readAccount,
  readTierRows,
} from '../../src/gate/index.ts';
import { decide } from '../../src/people/index.ts';
import { describeRows } from '../../src/signing/ending.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { abandon, abandonmentOf, at, end } from './abandoning.io.ts';
import { open } from './case.ts';
import { type Gated, type GatedPlan, release, runTier, withGate } from './cycle.io.ts';
import { attemptOn, clocked, later, ratifyFor, replacing, revoke, sign } from './purpose.io.ts';

const stepwise: GatedPlan = {
  files: {
    ...release,
    'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
    'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
  },
};

const inBatches: GatedPlan = {
  files: {
    'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [public.orders]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
tiers:
  - { id: 1-rows, title: Rows, transaction: each, batched: { by: id, rows: 2 } }
`,
    'tiers/1-rows/up.sql': 'update public.orders set n = 1 where id between $1 and $2;\n',
    'tiers/1-rows/down.sql': 'update public.orders set n = null where id between $1 and $2;\n',
  },
  application: [
    'create table public.orders (id integer primary key, n integer)',
    'insert into public.orders (id) select generate_series(1, 5)',
  ],
};

async function adoptionOf(gated: Gated): Promise<string> {
  const { facts } = await gated.as('oneroof_relay', describeGate);
  const { account } = await gated.as('oneroof_relay', readAccount);
  return writeStatement({
    kind: 'adoption',
    subject: { name: 'production', digest: digest('account', [canonicalJson(account)]) },
    predicate: { facts, reason: 'moved', notBefore: at(-1000), expires: at(3_600_000), nonce: 'b'.repeat(32) },
  });
}

/** Half way up: one step of the first tier is committed. */
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

const why = (gated: Gated, statement: string, direction: 'up' | 'down'): Promise<string | null> =>
  gated.as('oneroof_observer', async (session) => {
    const [row] = await session.query<{ why: string | null }>(
      sql`select gate.why_closed(${statement}, ${direction}) as why`,
    );
    return row?.why ?? null;
  });
const asAdmin = <T>(gated: Gated, use: Parameters<typeof withSession<T>>[1]): Promise<T> =>
  withSession(gated.database, use);
const uninstall = (gated: Gated): Promise<void> =>
  asAdmin(gated, async (session) => applyGate(session, await planUninstall(session)));
const markOlder = (gated: Gated) => runSql(gated.database, ['update gate.identity set version = 0']);

describe.each(versions)('an abandonment on PostgreSQL %s', (version) => {
  it('ends a release that is half way, in every direction and for good, and lets the gate be upgraded and removed', async () => {
    await withGate(version, stepwise, async (gated) => {
      const statement = await halfWay(gated);
      await expect(uninstall(gated)).rejects.toMatchObject({ code: 'GATE_BUSY' });
      await abandon(gated);
      expect(await why(gated, statement, 'up')).toMatch(/^abandoned: /);
      expect(await why(gated, statement, 'down')).toMatch(/^abandoned: /);
      for (const direction of ['up', 'down'] as const)
        await expect(
          gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier: '1-rows' })),
        ).rejects.toThrow('gate: abandoned: ');
      // neither another ratification nor one that carries the rollback on
      await expect(ratifyFor(gated, { what: 'rollout' })).rejects.toThrow('gate: abandoned: ');
      await expect(ratifyFor(gated, { what: 'rollback', cycle: statement as never })).rejects.toThrow(
        'gate: abandoned: ',
      );
      // its rows are history, and twice is once
      expect(await gated.as('oneroof_relay', (session) => readTierRows(session, gated.sealed.seal))).toHaveLength(1);
      await expect(abandon(gated)).rejects.toThrow('gate: ');
      await markOlder(gated);
      await asAdmin(gated, async (session) => {
        await applyGate(session, (await planUpgrade(session)).prepared!);
      });
      expect(await why(gated, statement, 'down')).toMatch(/^abandoned: /);
      await uninstall(gated);
    });
  }, 120_000);

  it('closes a ratification that carries the rollback on, which was signed before', async () => {
    await withGate(version, stepwise, async (gated) => {
      const statement = await halfWay(gated);
      const carried = await ratifyFor(gated, { what: 'rollback', cycle: statement as never });
      expect(await why(gated, carried, 'down')).toBeNull();
      await abandon(gated);
      expect(await why(gated, carried, 'down')).toMatch(/^abandoned: /);
      expect(await why(gated, statement, 'down')).toMatch(/^abandoned: /);
    });
  }, 120_000);

  it('names the batches of a step that is half done, and does not count for more of them', async () => {
    await withGate(version, inBatches, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const batch = (): Promise<void> =>
        attemptOn(gated, { statement }, async ({ session, begin, enter, commit }) => {
          await begin();
          await enter();
          const text = gated.sealed.release.tiers[0]?.up[0]?.sql ?? '';
          await session.query(sql`select gate.run_batch(${statement}, 'up', '1-rows', 1, ${text})`);
          await commit();
        });
      const rows = () => gated.as('oneroof_relay', (session) => readTierRows(session, gated.sealed.seal));
      await batch();
      const one = { cycle: statement, tier: '1-rows', direction: 'up', done: false } as const;
      expect(await rows()).toEqual([{ ...one, steps: 0, batches: 1 }]);
      expect(describeRows(await rows())[0]).toContain('HALF WAY, rolled out in part, 0 steps and 1 batch of the next');
      const body = await abandonmentOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await batch();
      await expect(end(gated, 'abandon', body)).rejects.toThrow('gate: previous: ');
      await batch();
      expect(await rows()).toEqual([{ ...one, steps: 1 }]);
      await abandon(gated);
    });
  }, 120_000);

  it('keeps the gate from being removed while a release can be rolled back, until people end it', async () => {
    await withGate(version, {}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      await runSql(gated.database, ['insert into public.readiness values (1)']);
      for (const tier of ['1-rows', '2-table'])
        await gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction: 'up', tier }));
      await expect(uninstall(gated)).rejects.toMatchObject({
        code: 'GATE_BUSY',
        message: expect.stringContaining('can still be rolled back') as string,
      });
      await abandon(gated);
      await uninstall(gated);
    });
  }, 120_000);
});

/** What must not end a release; what refuses it; and what has to be taken out of the gate for it to work. */
const refused: readonly (readonly [
  name: string,
  attack: (gated: Gated) => Promise<void>,
  why: string,
  safeguard: readonly (readonly [from: string, to: string])[],
])[] = [
  [
    'one person',
    (gated) => abandon(gated, [gated.people.ana]),
    'seats',
    [
      [
        "  return gate.closed_seats(of_statement, policy -> 'quorum');\nend $gate$;\n\n-- No tier runs",
        '  return null;\nend $gate$;\n\n-- No tier runs',
      ],
    ],
  ],
  [
    'a signature that was withdrawn',
    async (gated) => {
      const body = await abandonmentOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await revoke(gated, statementDigest(body), gated.people.ben);
      await end(gated, 'abandon', body);
    },
    'seats',
    [
      [
        "t.kind in ('registry', 'policy', 'abandonment', 'adoption') and exists",
        "t.kind in ('registry', 'policy') and exists",
      ],
    ],
  ],
  [
    'rows that have changed since',
    async (gated) => {
      const body = await abandonmentOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await halfWay(gated);
      await end(gated, 'abandon', body);
    },
    'previous',
    [["if p -> 'rows' is distinct from gate.rows_of(s.subject)", 'if false']],
  ],
  [
    'another database',
    async (gated) => {
      const { facts } = await gated.as('oneroof_relay', describeGate);
      const body = await abandonmentOf(gated, { facts: { ...facts, systemIdentifier: '1' } });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await end(gated, 'abandon', body);
    },
    'target',
    [["if p -> 'facts' is distinct from gate.facts()", 'if false']],
  ],
  [
    'its time is over',
    async (gated) => {
      const body = await abandonmentOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await later(gated.database, '2 hours');
      await end(gated, 'abandon', body);
    },
    'expired',
    [["then return 'expired: its time has ended'; end if;\n  if ((p", 'then null; end if;\n  if ((p']],
  ],
  [
    'an adoption handed in as one',
    async (gated) => {
      const body = await adoptionOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await end(gated, 'abandon', body);
    },
    'kind',
    [['if s.kind is distinct from of_kind then', 'if false then']],
  ],
  [
    'an adoption, accepted twice',
    async (gated) => {
      const body = await adoptionOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await end(gated, 'adopt', body);
      await end(gated, 'adopt', body);
    },
    'target',
    [
      ["if p -> 'facts' is distinct from gate.facts()", 'if false'],
      ['if s.subject is distinct from gate.account_digest()', 'if false'],
      [
        'create table gate.adoptions (\n  statement text primary key references',
        'create table gate.adoptions (\n  statement text references',
      ],
    ],
  ],
  [
    'an adoption of a gate that has changed since',
    async (gated) => {
      const body = await adoptionOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await halfWay(gated);
      await end(gated, 'adopt', body);
    },
    'previous',
    [['if s.subject is distinct from gate.account_digest()', 'if false']],
  ],
];

describe('does not end a release', () => {
  it.each(refused)(
    '%s',
    async (_name, attack, code) => {
      await withGate('18', clocked(stepwise), async (gated) => {
        await expect(attack(gated)).rejects.toThrow(`gate: ${code}: `);
      });
    },
    120_000,
  );

  it.each(refused)(
    'but for the safeguard: %s',
    async (_name, attack, _code, safeguard) => {
      await withGate('18', clocked({ ...stepwise, change: replacing(...safeguard) }), async (gated) => {
        await attack(gated);
      });
    },
    120_000,
  );

  it('and without the check of what is abandoned, a half-way release would run on', async () => {
    const safeguard = ["if 'abandoned' = any(asked.checks) and exists", 'if false and exists'] as const;
    const next = [
      '      and not exists (select from gate.statements s join gate.abandoned a on a.seal = s.subject where s.digest = of_statement)',
      '',
    ] as const;
    await withGate('18', { ...stepwise, change: replacing(safeguard, next) }, async (gated) => {
      const statement = await halfWay(gated);
      await abandon(gated);
      await attemptOn(gated, { statement }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await attempt.step(2);
        await attempt.commit();
      });
    });
  }, 120_000);

  it('is refused while a tier runs, and fences off the attempt of before', async () => {
    await withGate('18', stepwise, async (gated) => {
      const statement = await halfWay(gated);
      const body = await abandonmentOf(gated);
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await attemptOn(gated, { statement }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await expect(end(gated, 'abandon', body)).rejects.toThrow('gate: busy: ');
        await attempt.session.query(sql`rollback`);
        await end(gated, 'abandon', body);
        await attempt.begin();
        await expect(attempt.enter()).rejects.toThrow('gate: fence: ');
        await attempt.session.query(sql`rollback`);
      });
    });
  }, 120_000);

  it('is closed for Node as well', () => {
    expect(decide(open()).decision).toBe('OPEN');
    expect(decide({ ...open(), abandoned: statementDigest('x') })).toMatchObject({ reason: { code: 'abandoned' } });
    expect(decide({ ...open(), direction: 'down', abandoned: statementDigest('x') })).toMatchObject({
      reason: { code: 'abandoned' },
    });
  });
});
