import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest, statementDigest } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { type Policy } from '../../src/people/index.ts';
import { newest, runSql, versions, withSession } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, registryOf, release, runTier, signer, withGate } from './cycle.io.ts';
import { installs, ownedServers } from './owned.io.ts';
import {
  accept,
  attemptOn,
  changeOf,
  clocked,
  later,
  ratifyFor,
  replacing,
  revocationOf,
  revoke,
  sign,
} from './purpose.io.ts';

/** What somebody does who holds the executor's credential, or the relay's; what refuses it; and what has to be taken out for it to work. */
interface Attack {
  readonly name: string;
  readonly plan?: GatedPlan;
  readonly attack: (gated: Gated) => Promise<void>;
  readonly why: RegExp;
  readonly safeguard: readonly (readonly [from: string, to: string])[];
}

const rollout = { what: 'rollout' } as const;
const run = (gated: Gated, statement: string, direction: 'up' | 'down', tier: string): Promise<void> =>
  gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier }));
const ready = (gated: Gated): Promise<void> => runSql(gated.database, ['insert into public.readiness values (1)']);
const held: GatedPlan = {
  policy: { holdPoints: [{ before: '2-table', seats: [{ level: 2, device: 'any' }] }] satisfies Policy['holdPoints'] },
};
const stepwise: GatedPlan = {
  files: {
    ...release,
    'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
    'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
  },
};
const alone = [
  [`if other is not null then perform gate.refuse('in-progress'`, `if false then perform gate.refuse('in-progress'`],
] as const;

/** Runs the first step of a tier that runs step by step, and commits it. */
const half = (
  gated: Gated,
  of: { readonly statement: string; readonly direction: 'up' | 'down'; readonly step: string },
) =>
  attemptOn(gated, of, async (attempt) => {
    await attempt.begin();
    await attempt.enter();
    await attempt.step(1, of.step);
    await attempt.commit();
  });

const misused: readonly Attack[] = [
  {
    name: 'a signature for a hold point that opens the whole release',
    plan: held,
    attack: async (gated) => {
      await ready(gated);
      const { ben } = gated.people;
      const cycle = await ratifyFor(gated, rollout, { by: [ben] });
      const answer = await ratifyFor(gated, { what: 'tier', tier: '2-table', cycle }, { by: [ben] });
      await run(gated, answer, 'up', '1-rows');
    },
    why: /^gate: purpose/,
    safeguard: [
      [
        `if exists (select from gate.statements s where s.digest = of_statement and s.kind = 'ratification')`,
        'if false',
      ],
    ],
  },
  {
    name: 'an answer to a hold point that serves a second cycle',
    plan: held,
    attack: async (gated) => {
      await ready(gated);
      const { ben } = gated.people;
      const first = await ratifyFor(gated, rollout);
      await ratifyFor(gated, { what: 'tier', tier: '2-table', cycle: first }, { by: [ben] });
      for (const tier of ['1-rows', '2-table']) await run(gated, first, 'up', tier);
      for (const tier of ['2-table', '1-rows']) await run(gated, first, 'down', tier);
      const second = await ratifyFor(gated, rollout);
      await run(gated, second, 'up', '1-rows');
      await run(gated, second, 'up', '2-table');
    },
    why: /^gate: hold-point/,
    safeguard: [[`and h.body::jsonb #>> '{predicate,opens,cycle}' = of_cycle and`, 'and']],
  },
  {
    name: 'an answer to another hold point',
    plan: {
      policy: {
        holdPoints: [
          { before: '1-rows', seats: [{ level: 2, device: 'any' }] },
          { before: '2-table', seats: [{ level: 4, device: 'any' }] },
        ],
      },
    },
    attack: async (gated) => {
      const { ben } = gated.people;
      await ready(gated);
      const cycle = await ratifyFor(gated, rollout);
      await ratifyFor(gated, { what: 'tier', tier: '1-rows', cycle }, { by: [ben] });
      for (const tier of ['1-rows', '2-table']) await run(gated, cycle, 'up', tier);
    },
    why: /^gate: hold-point/,
    safeguard: [[`and h.body::jsonb #>> '{predicate,opens,tier}' = of_tier`, '']],
  },
  {
    name: 'a second ratification of the same seal, which runs a tier again',
    attack: async (gated) => {
      const [first, second] = [await ratifyFor(gated, rollout), await ratifyFor(gated, rollout)];
      await run(gated, first, 'up', '1-rows');
      // the schema is as it was: a tier of data alone
      await run(gated, second, 'up', '1-rows');
    },
    why: /^gate: in-progress/,
    safeguard: alone,
  },
  {
    name: 'a second ratification while the first cycle is half way up',
    plan: stepwise,
    attack: async (gated) => {
      const [first, second] = [await ratifyFor(gated, rollout), await ratifyFor(gated, rollout)];
      await half(gated, { statement: first, direction: 'up', step: 'insert into t values (2)' });
      await half(gated, { statement: second, direction: 'up', step: 'insert into t values (2)' });
    },
    why: /^gate: in-progress/,
    safeguard: alone,
  },
  {
    name: 'a second ratification while the first cycle is half way down',
    plan: stepwise,
    attack: async (gated) => {
      const [first, second] = [await ratifyFor(gated, rollout), await ratifyFor(gated, rollout)];
      await half(gated, { statement: first, direction: 'up', step: 'insert into t values (2)' });
      await attemptOn(gated, { statement: first }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await attempt.step(2);
        await attempt.leave();
        await attempt.commit();
      });
      await half(gated, { statement: first, direction: 'down', step: 'delete from t where i = 3' });
      await half(gated, { statement: second, direction: 'up', step: 'insert into t values (2)' });
    },
    why: /^gate: in-progress/,
    safeguard: alone,
  },
  {
    name: 'two executors that enter two cycles of one seal at once',
    attack: async (gated) => {
      const [first, second] = [await ratifyFor(gated, rollout), await ratifyFor(gated, rollout)];
      await attemptOn(gated, { statement: first }, async (one) => {
        await one.begin();
        await one.enter();
        const other = run(gated, second, 'up', '1-rows');
        other.catch(() => null);
        await one.step(1);
        await one.step(2);
        await one.leave();
        await one.commit();
        await other;
      });
    },
    why: /^gate: in-progress/,
    safeguard: alone,
  },
  {
    name: 'a cycle whose own rollback has begun',
    plan: stepwise,
    attack: async (gated) => {
      const statement = await ratifyFor(gated, rollout);
      await half(gated, { statement, direction: 'up', step: 'insert into t values (2)' });
      await half(gated, { statement, direction: 'down', step: 'delete from t where i = 3' });
      await attemptOn(gated, { statement }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await attempt.step(2);
        await attempt.leave();
        await attempt.commit();
      });
    },
    why: /^gate: order: the rollback has begun/,
    safeguard: [
      [`if exists (select from gate.steps where statement = of_cycle and direction = 'down') then`, 'if false then'],
    ],
  },
  {
    name: 'a policy whose signer has withdrawn',
    attack: async (gated) => {
      const { ana, ben } = gated.people;
      const { body, text } = changeOf(gated, 'policy', { document: { ...gated.policy, name: 'next' } });
      await sign(gated, body, [ana, ben]);
      await revoke(gated, statementDigest(body), ben);
      await accept(gated, 'policy', text);
    },
    why: /^gate: quorum/,
    safeguard: [
      [`and not (t.kind in ('registry', 'policy', 'abandonment', 'adoption') and exists`, 'and not (false and exists'],
    ],
  },
  {
    name: 'a registry whose signer has withdrawn',
    attack: async (gated) => {
      const { ana, ben } = gated.people;
      const next = { ...gated.registry, version: 2, previous: (await inForce(gated)).registry };
      const { body, text } = changeOf(gated, 'registry', { document: next });
      await sign(gated, body, [ana, ben]);
      await revoke(gated, statementDigest(body), ana);
      await accept(gated, 'registry', text);
    },
    why: /^gate: quorum/,
    safeguard: [
      [`and not (t.kind in ('registry', 'policy', 'abandonment', 'adoption') and exists`, 'and not (false and exists'],
    ],
  },
  {
    name: 'a change that was held back until it had expired',
    plan: clocked(),
    attack: async (gated) => {
      const { ana, ben } = gated.people;
      const { body, text } = changeOf(gated, 'policy', { document: { ...gated.policy, name: 'next' } });
      await sign(gated, body, [ana, ben]);
      await later(gated.database, '2 hours');
      await accept(gated, 'policy', text);
    },
    why: /^gate: quorum: .*expired/,
    safeguard: [[`if (moment <= (p ->> 'expires')::timestamptz) is not true then return`, 'if false then return']],
  },
  {
    name: 'a change that is valid for longer than the policy allows',
    attack: async (gated) => {
      const { ana, ben } = gated.people;
      const of = { document: { ...gated.policy, name: 'next' }, until: 2 * 86_400_000 };
      const { body, text } = changeOf(gated, 'policy', of);
      await sign(gated, body, [ana, ben]);
      await accept(gated, 'policy', text);
    },
    why: /^gate: quorum: .*too-long/,
    safeguard: [[`if ((p ->> 'expires')::timestamptz - (p ->> 'notBefore')::timestamptz <=`, `if (interval '0' <=`]],
  },
  {
    name: 'a change that was held back until the same bytes were in force again',
    attack: async (gated) => {
      const { ana, ben } = gated.people;
      const [present, next, third] = [
        gated.policy,
        { ...gated.policy, name: 'next' },
        { ...gated.policy, name: 'third' },
      ];
      const kept = changeOf(gated, 'policy', { document: third });
      const there = changeOf(gated, 'policy', { document: next });
      const back = changeOf(gated, 'policy', { document: present, follows: next, number: 2 });
      for (const { body } of [kept, there, back]) await sign(gated, body, [ana, ben]);
      await accept(gated, 'policy', there.text);
      await accept(gated, 'policy', back.text);
      await accept(gated, 'policy', kept.text);
    },
    why: /^gate: quorum/,
    safeguard: [
      [
        `(p ->> 'number')::numeric is distinct from (select count(*) from gate.documents d where d.kind = s.kind)`,
        'false',
      ],
    ],
  },
];

/** The digests of what is in force. */
async function inForce(gated: Gated): Promise<{ readonly registry: string }> {
  return withSession(gated.database, async (session) => {
    const [row] = await session.query<{ digest: string }>(
      sql`select digest from gate.documents where kind = 'registry' order by number desc limit 1`,
    );
    return { registry: row?.digest ?? '' };
  });
}

/** Closes the tier that an executor has entered, and the code that has to stop it. */
interface Closing {
  readonly name: string;
  readonly plan?: GatedPlan;
  readonly close: (
    gated: Gated,
    of: { readonly cycle: StatementDigest; readonly answer: StatementDigest },
  ) => Promise<void>;
  readonly why: RegExp;
  /** Nothing can be ratified afterwards as before. */
  readonly lasts?: boolean;
}

const closings: readonly Closing[] = [
  {
    name: 'a revocation',
    close: (gated, { cycle }) => revoke(gated, cycle, gated.people.ben),
    why: /^gate: revoked: ben revoked it: wrong owners/,
  },
  {
    name: 'a revocation of the answer to its hold point',
    close: (gated, { answer }) => revoke(gated, answer, gated.people.ira),
    why: /^gate: hold-point/,
  },
  { name: 'the end of its window', close: (gated) => later(gated.database, '2 hours'), why: /^gate: expired/ },
  {
    name: 'the age of its rehearsal',
    plan: { policy: { rehearsal: { maxAge: 1_800_000 as Policy['rehearsal']['maxAge'] } } },
    close: (gated) => later(gated.database, '40 minutes'),
    why: /^gate: rehearsal-age/,
  },
  {
    name: 'another registry',
    close: async (gated) => {
      const next = { ...gated.registry, version: 2, previous: (await inForce(gated)).registry };
      const { body, text } = changeOf(gated, 'registry', { document: next });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await accept(gated, 'registry', text);
    },
    why: /^gate: registry/,
    lasts: true,
  },
  {
    name: 'another policy',
    close: async (gated) => {
      const { body, text } = changeOf(gated, 'policy', { document: { ...gated.policy, name: 'next' } });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await accept(gated, 'policy', text);
    },
    why: /^gate: policy/,
    lasts: true,
  },
];

/** When it is closed, and the check that has to see it there. */
const moments = [
  {
    at: 'at its next step',
    before: 0,
    safeguard: [`perform gate.require_still_open(t);\n  path := t.path;`, 'path := t.path;'],
  },
  {
    at: 'on leaving',
    before: 2,
    safeguard: [`perform gate.require_still_open(t);\n  select count(*) into steps`, 'select count(*) into steps'],
  },
  {
    at: 'at COMMIT',
    before: 3,
    safeguard: [`  perform gate.require_tier_open(new.statement, new.direction, new.tier);\n`, ''],
  },
] as const;

const answered = { policy: { holdPoints: [{ before: '1-rows', seats: [{ level: 2, device: 'any' as const }] }] } };

/** Enters the tier, goes some way, is closed, and does what comes next. */
const caught =
  (closing: Closing, before: number) =>
  async (gated: Gated): Promise<void> => {
    const cycle = await ratifyFor(gated, rollout);
    const answer = await ratifyFor(gated, { what: 'tier', tier: '1-rows', cycle });
    await attemptOn(gated, { statement: cycle }, async (attempt) => {
      await attempt.begin();
      await attempt.enter();
      const acts = [() => attempt.step(1), () => attempt.step(2), attempt.leave, attempt.commit];
      for (const act of acts.slice(0, before)) await act();
      await closing.close(gated, { cycle, answer });
      await acts[before]!();
    });
  };
const planOf = ({ plan }: Closing): GatedPlan => clocked({ policy: { ...answered.policy, ...plan?.policy } });

const servers = ownedServers();
beforeAll(() => servers.start(versions), 120_000);
afterAll(() => servers.stop());

describe.each(installs())('a gate on PostgreSQL $version that $by installed', ({ version, by }) => {
  const withInstalled = (plan: GatedPlan, use: (gated: Gated) => Promise<void>): Promise<void> =>
    by === 'an owner' ? servers.withGate(version, plan, use) : withGate(version, plan, use);

  it.each(misused)('refuses $name', { timeout: 120_000 }, ({ plan = {}, attack, why }) =>
    withInstalled(plan, (gated) => expect(attack(gated)).rejects.toThrow(why)),
  );
});

describe('each safeguard of the purpose that is taken out lets its attack through', () => {
  it.each(misused)('$name', { timeout: 120_000 }, ({ plan = {}, attack, safeguard }) => {
    const { change = (text: string) => text } = plan;
    return withGate('18', { ...plan, change: (text) => replacing(...safeguard)(change(text)) }, attack);
  });

  it.each(moments)('what is looked at $at', { timeout: 120_000 }, ({ before, safeguard }) => {
    const [closing] = closings;
    const plan = planOf(closing!);
    const { change = (text: string) => text } = plan;
    // only the act at that moment is asked: the next one would see it again
    return withGate('18', { ...plan, change: (text) => replacing(safeguard)(change(text)) }, caught(closing!, before));
  });

  it.each([
    ['the clock', `t.until and t.documents`, `'infinity' and t.documents`, 2],
    ['documents that came into force', `t.documents = (select max(d.number) from gate.documents d)`, 'true', 5],
    [
      'revocations of the answer to a hold point',
      `r.subject in (t.statement, t.answered)`,
      'r.subject = t.statement',
      1,
    ],
  ] as const)('what each step looks at: %s', { timeout: 120_000 }, (_what, from, to, which) => {
    const closing = closings[which]!;
    const plan = planOf(closing);
    const { change = (text: string) => text } = plan;
    return withGate('18', { ...plan, change: (text) => replacing([from, to])(change(text)) }, caught(closing, 0));
  });
});

describe.each(newest)('on PostgreSQL %s', (version) => {
  it.each(closings)('a tier that was entered is stopped by $name', { timeout: 240_000 }, async (closing) => {
    const nothing = async ({ database }: Gated): Promise<void> =>
      withSession(database, async (session) => {
        const [row] = await session.query(
          sql`select (select count(*) from public.t)::text as rows, (select count(*) from gate.markers)::text as markers`,
        );
        expect(row).toEqual({ rows: '1', markers: '0' });
      });
    const at = async (gated: Gated, { before }: { readonly before: number }): Promise<void> => {
      await expect(caught(closing, before)(gated), `before act ${before}`).rejects.toThrow(closing.why);
      await nothing(gated);
    };
    if (closing.lasts !== true)
      await withGate(version, planOf(closing), async (gated) => {
        for (const moment of moments) {
          await later(gated.database, '0');
          await at(gated, moment);
        }
      });
    else for (const moment of moments) await withGate(version, planOf(closing), (gated) => at(gated, moment));
  });
});

describe.each(versions)('on PostgreSQL %s', (version) => {
  it('a person whom a change removes has no veto', () =>
    withGate(version, {}, async (gated) => {
      const { ana, ben, ira } = gated.people;
      const document = {
        ...registryOf([ana, ben]),
        version: 2,
        previous: (await inForce(gated)).registry,
      };
      const { body, text } = changeOf(gated, 'registry', { document });
      await sign(gated, body, [ana, ben]);
      await revoke(gated, statementDigest(body), ira);
      await accept(gated, 'registry', text);
    }));

  it('no revocation waits for an executor that holds the fence in mid-tier', async () => {
    const attack = (gated: Gated): Promise<void> =>
      ratifyFor(gated, rollout).then((statement) =>
        attemptOn(gated, { statement }, async (attempt) => {
          await attempt.begin();
          await attempt.enter();
          await attempt.step(1);
          await attempt.step(2);
          await attempt.leave();
          const body = revocationOf(statement);
          await gated.as('oneroof_relay', async (relay) => {
            await relay.run(`set lock_timeout = '2s'`);
            await submitSignature(relay, body, assertion(gated.people.ben, body));
          });
          await expect(attempt.commit()).rejects.toThrow('gate: revoked');
        }),
      );
    await withGate(version, {}, attack);
    const waits = replacing([
      'insert into gate.statements (digest, kind, subject, body) values (statement',
      'perform from gate.fence for update; insert into gate.statements (digest, kind, subject, body) values (statement',
    ]);
    await expect(withGate(version, { change: waits }, attack)).rejects.toThrow('lock timeout');
  });

  it('a revocation and another registry stop no rollback, and say so in no step of it', () =>
    withGate(version, {}, async (gated) => {
      const statement = await ratifyFor(gated, rollout);
      await run(gated, statement, 'up', '1-rows');
      await revoke(gated, statement, gated.people.ben);
      await attemptOn(gated, { statement, direction: 'down' }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        const next = { ...gated.registry, version: 2, previous: (await inForce(gated)).registry };
        const { body, text } = changeOf(gated, 'registry', { document: next });
        await sign(gated, body, [gated.people.ana, gated.people.ben]);
        await accept(gated, 'registry', text);
        await attempt.step(1, 'delete from t where i in (2, 3)');
        await attempt.leave();
        await attempt.commit();
      });
    }));

  it('a transaction that began more than a minute before does not enter', async () => {
    const attack = (gated: Gated): Promise<void> =>
      ratifyFor(gated, rollout).then((statement) =>
        attemptOn(gated, { statement }, async (attempt) => {
          await attempt.begin();
          await later(gated.database, '0', '61 seconds');
          await attempt.enter();
        }),
      );
    await withGate(version, clocked(), (gated) => expect(attack(gated)).rejects.toThrow('gate: age'));
    await withGate(version, clocked({ change: replacing([`interval '60 seconds'`, `interval '60 days'`]) }), attack);
  });

  it('a new ratification that says so carries on a rollback whose time is over, and opens nothing else', () =>
    withGate(version, clocked(), async (gated) => {
      const { ana, ben } = gated.people;
      const why = (statement: string, direction: 'up' | 'down'): Promise<string | null> =>
        withSession(gated.database, async (session) => {
          const [row] = await session.query<{ why: string | null }>(
            sql`select gate.why_closed(${statement}, ${direction}) as why`,
          );
          return row?.why ?? null;
        });
      const statement = await ratifyFor(gated, rollout);
      const early = await ratifyFor(gated, { what: 'rollback', cycle: statement });
      expect(await why(early, 'down')).toMatch(/^cycle:/);
      await run(gated, statement, 'up', '1-rows');
      await later(gated.database, '3 hours');
      expect(await why(statement, 'down')).toMatch(/^expired:/);
      await expect(run(gated, statement, 'down', '1-rows')).rejects.toThrow('gate: expired');
      const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString() as never;
      const more = { notBefore: at(2), expires: at(4) };
      const one = await ratifyFor(gated, { what: 'rollback', cycle: statement }, { more, by: [ben] });
      expect(await why(one, 'down')).toMatch(/^seats:/);
      expect(await why(statement, 'down')).toMatch(/^expired:/);
      const ofAnother = await ratifyFor(gated, { what: 'rollback', cycle: one }, { more });
      expect(await why(ofAnother, 'down')).toMatch(/^cycle:/);
      expect(await why(statement, 'down')).toMatch(/^expired:/);
      const carried = await ratifyFor(
        gated,
        { what: 'rollback', cycle: statement },
        { more: { ...more, sealedAt: at(-1) } },
      );
      expect(await why(carried, 'up')).toMatch(/^purpose:/);
      expect(await why(statement, 'up')).toMatch(/^expired:/);
      await expect(run(gated, carried, 'down', '1-rows')).rejects.toThrow('gate: purpose');
      await run(gated, statement, 'down', '1-rows');
      expect(await why(carried, 'down')).toMatch(/^cycle:/);
      await expect(run(gated, statement, 'up', '1-rows')).rejects.toThrow('gate: ');
      void [ana, signer];
    }));
});
