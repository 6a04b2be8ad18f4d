import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Session, sql } from '../../src/database/index.ts';
import { statementDigest } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { newest, runSql, versions, withSession } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, gatedIn, runTier, withGate } from './cycle.io.ts';
import { accept, changeOf, ratifyFor, replacing, revocationOf, revoke, rows, sign } from './purpose.io.ts';

type Direction = 'up' | 'down';
const executor = 'oneroof_executor';
const rollout = { what: 'rollout' } as const;
const first = '1-rows';
const undo = 'delete from t where i in (2, 3)';
const table = 'create table n (i integer)';

/** The calls of the gate, as the thief of the executor's credential makes them by hand. */
interface Hand {
  begin(cycle: string, direction?: Direction): Promise<string>;
  enter(cycle: string, direction: Direction, tier: string, epoch: string): Promise<unknown>;
  step(cycle: string, direction: Direction, tier: string, n: number, text: string): Promise<unknown>;
  leave(cycle: string, direction: Direction, tier: string, epoch: string): Promise<unknown>;
  run(text: string): Promise<unknown>;
}

const handOf = (session: Session): Hand => ({
  begin: async (cycle, direction = 'up') =>
    (await session.query<{ epoch: string }>(sql`select gate.begin_attempt(${cycle}, ${direction})::text as epoch`))[0]
      ?.epoch ?? '0',
  enter: (cycle, direction, tier, epoch) =>
    session.query(sql`select gate.enter_tier(${cycle}, ${direction}, ${tier}, ${epoch}::bigint)`),
  step: (cycle, direction, tier, n, text) =>
    session.query(sql`select gate.run_step(${cycle}, ${direction}, ${tier}, ${n}::integer, ${text})`),
  leave: (cycle, direction, tier, epoch) =>
    session.query(sql`select gate.leave_tier(${cycle}, ${direction}, ${tier}, ${epoch}::bigint)`),
  run: (text) => session.run(text),
});

const byHand = <T>(gated: Gated, work: (hand: Hand) => Promise<T>): Promise<T> =>
  gated.as(executor, (session) => work(handOf(session)));
const tierOf = (gated: Gated, statement: string, direction: Direction, tier = first): Promise<void> =>
  gated.as(executor, (session) => runTier(session, { gated, statement, direction, tier }));
const dataOf = (gated: Gated): Promise<string> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query<{ rows: string }>(
      sql`select string_agg(i::text, ',' order by i) as rows from public.t`,
    );
    return row?.rows ?? '';
  });

/** What the executor tries in one transaction, and the rows that it leaves where the gate lets it. */
interface Mixture {
  readonly name: string;
  readonly attack: (gated: Gated, hand: Hand) => Promise<void>;
  readonly leaves: string;
}

const mixtures: readonly Mixture[] = [
  {
    name: 'two rollouts of one release, each step twice',
    attack: async (gated, { begin, enter, step, leave, run }) => {
      const cycles = [await ratifyFor(gated, rollout), await ratifyFor(gated, rollout)] as const;
      const entered: (readonly [string, string])[] = [];
      await run('begin');
      for (const cycle of cycles) {
        const epoch = await begin(cycle);
        await enter(cycle, 'up', first, epoch);
        entered.push([cycle, epoch]);
      }
      for (const [at, text] of rows.entries()) for (const cycle of cycles) await step(cycle, 'up', first, at + 1, text);
      for (const [cycle, epoch] of entered) await leave(cycle, 'up', first, epoch);
      await run('commit');
    },
    leaves: '1,2,2,3,3',
  },
  {
    name: 'the rollback of a tier in the middle of its rollout',
    attack: async (gated, { begin, enter, step, leave, run }) => {
      const cycle = await ratifyFor(gated, rollout);
      const epoch = await begin(cycle);
      await run('begin');
      await enter(cycle, 'up', first, epoch);
      await step(cycle, 'up', first, 1, rows[0]);
      await enter(cycle, 'down', first, epoch);
      await step(cycle, 'down', first, 1, undo);
      await leave(cycle, 'down', first, epoch);
      await step(cycle, 'up', first, 2, rows[1]);
      await leave(cycle, 'up', first, epoch);
      await run('commit');
    },
    leaves: '1,3',
  },
  {
    name: 'the rollback of a tier before that of the tier after it',
    attack: async (gated, { begin, enter, step, leave, run }) => {
      const cycle = await ratifyFor(gated, rollout);
      await runSql(gated.database, ['insert into public.readiness values (1)']);
      await tierOf(gated, cycle, 'up');
      const epoch = await begin(cycle);
      await run('begin');
      await enter(cycle, 'down', first, epoch);
      await enter(cycle, 'up', '2-table', epoch);
      await step(cycle, 'up', '2-table', 1, table);
      await leave(cycle, 'up', '2-table', epoch);
      await step(cycle, 'down', first, 1, undo);
      await leave(cycle, 'down', first, epoch);
      await run('commit');
      // it is in place, and what it was built on is gone
      await withSession(gated.database, (session) => session.query(sql`select from public.n`));
    },
    leaves: '1',
  },
];

const alone = replacing(
  [`perform gate.refuse('order', 'this transaction has`, `perform num_nulls('order', 'this transaction has`],
  // what they leave is not what was rehearsed either
  ['  perform gate.require_same(differences);', ''],
);

describe('one transaction of the executor does not mix', () => {
  it.each(versions.flatMap((version) => mixtures.map((of) => ({ version, ...of }))))(
    '$name, on PostgreSQL $version',
    async ({ version, attack }) => {
      await withGate(version, {}, async (gated) => {
        await expect(byHand(gated, (hand) => attack(gated, hand))).rejects.toThrow(
          'gate: order: this transaction has entered a tier of another rollout, or in the other direction',
        );
      });
    },
  );

  it.each(newest.flatMap((version) => mixtures.map((of) => ({ version, ...of }))))(
    'and without that check it would: $name',
    async ({ version, attack, leaves }) => {
      await withGate(version, { change: alone }, async (gated) => {
        await byHand(gated, (hand) => attack(gated, hand));
        expect(await dataOf(gated)).toBe(leaves);
      });
    },
  );

  it.each(versions)('but may enter another one where a savepoint undid the first, on PostgreSQL %s', (version) =>
    withGate(version, {}, async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      const other = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, enter, step, run }) => {
        const epoch = await begin(cycle);
        await run('begin');
        await run('savepoint s');
        await enter(cycle, 'up', first, epoch);
        await run('rollback to s');
        await enter(other, 'up', first, epoch);
        await expect(step(cycle, 'up', first, 1, rows[0])).rejects.toThrow('gate: order');
      });
    }),
  );
});

/** An attack that must end so, with these rows. */
interface Attempt {
  readonly name: string;
  readonly plan?: GatedPlan;
  readonly attack: (gated: Gated) => Promise<unknown>;
  readonly why: RegExp;
  readonly rows?: string;
}

const attempts: readonly Attempt[] = [
  {
    name: 'hold the fence without a session, in a prepared transaction',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, run }) => {
        await run('begin');
        await begin(cycle);
        await run(`prepare transaction 'fence_${gated.database.database}'`);
      });
    },
    why: /cannot PREPARE/,
  },
  {
    name: 'block others from handing releases in, by a prepared transaction',
    attack: (gated) =>
      gated.as('oneroof_relay', async (relay) => {
        await relay.query(sql`begin`);
        await relay.query(sql`select gate.submit_release(${canonicalJson({ metrics: [], tiers: [] })}, '{}')`);
        await relay.run(`prepare transaction 'releases_${gated.database.database}'`);
      }),
    why: /cannot PREPARE/,
  },
  {
    name: 'keep a revocation from others that hand it in, in a prepared transaction',
    attack: async (gated) => {
      const revocation = revocationOf(await ratifyFor(gated, rollout));
      await gated.as('oneroof_relay', async (relay) => {
        await relay.query(sql`begin`);
        await submitSignature(relay, revocation, assertion(gated.people.ira, revocation));
        await relay.run(`prepare transaction 'revocation_${gated.database.database}'`);
      });
    },
    why: /cannot PREPARE/,
  },
  {
    name: 'keep others from changing the policy, in a prepared transaction',
    attack: async (gated) => {
      const { body, text } = changeOf(gated, 'policy', { document: { ...gated.policy, name: 'next' } });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await gated.as('oneroof_relay', async (relay) => {
        await relay.query(sql`begin`);
        await relay.query(sql`select gate.accept('policy', ${text})`);
        await relay.run(`prepare transaction 'policy_${gated.database.database}'`);
      });
    },
    why: /cannot PREPARE/,
  },
  {
    name: 'lose the fence by a savepoint, and go on beside another attempt',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, enter, run }) => {
        const epoch = await begin(cycle);
        await run('begin');
        await enter(cycle, 'up', first, epoch);
        await run('savepoint s');
        await begin(cycle);
        await run('rollback to s');
        await byHand(gated, async (other) => {
          await other.run('set lock_timeout = 200');
          await other.begin(cycle);
        });
      });
    },
    why: /lock timeout/,
  },
  {
    name: 'have a trigger of its own run after the last look',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, enter, step, leave, run }) => {
        const epoch = await begin(cycle);
        await run('begin');
        await enter(cycle, 'up', first, epoch);
        for (const [at, text] of rows.entries()) await step(cycle, 'up', first, at + 1, text);
        await leave(cycle, 'up', first, epoch);
        await run(`create function pg_temp.f() returns trigger language plpgsql as $f$
          begin perform set_config('synchronous_commit', 'off', true); return null; end $f$`);
        await run('create temp table mine (i integer)');
        await run(`create constraint trigger x after insert on mine deferrable initially deferred
          for each row execute function pg_temp.f()`);
        await run('insert into mine values (1)');
        await run('commit');
      });
    },
    why: /gate: deferred/,
  },
  {
    name: 'run two steps in one statement, in the order of its own list',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, enter, run }) => {
        const epoch = await begin(cycle);
        await run('begin');
        await enter(cycle, 'up', first, epoch);
        await run(`select gate.run_step('${cycle}', 'up', '${first}', n, x)
          from (values (2, '${rows[1]}'), (1, '${rows[0]}')) v(n, x)`);
      });
    },
    why: /gate: order: this is not the next step/,
  },
  {
    name: 'swallow a refusal in a block, and commit the half',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      await byHand(gated, async ({ begin, enter, step, run }) => {
        const epoch = await begin(cycle);
        await run('begin');
        await enter(cycle, 'up', first, epoch);
        await step(cycle, 'up', first, 1, rows[0]);
        await run(`do $d$ begin perform gate.leave_tier('${cycle}', 'up', '${first}', ${epoch});
          exception when others then null; end $d$`);
        await run('commit');
      });
    },
    why: /gate: order: the tier was not left/,
  },
  {
    name: 'use a ratification that was revoked before it was handed in',
    attack: async (gated) => {
      const body = await gated.ratification();
      await revoke(gated, statementDigest(body), gated.people.ira);
      await tierOf(gated, await gated.ratify(body, [gated.people.ana, gated.people.ben]), 'up');
    },
    why: /gate: revoked/,
  },
  {
    name: 'hand in another spelling of the bytes that were signed',
    attack: async (gated) => {
      const body = await gated.ratification();
      const spellings = [`${body}\n`, `\ufeff${body}`, body.replace('"small"', '"\\u0073mall"')];
      spellings.push(...['1.0', '1e0', '10e-1'].map((one) => body.replace('"size":1', `"size":${one}`)));
      spellings.push(body.replace('{', '{"_type":"x",'), body.replace('"size":0', '"size":-0'));
      for (const other of spellings)
        await expect(
          gated.as('oneroof_relay', (relay) => submitSignature(relay, other, assertion(gated.people.ana, body))),
        ).rejects.toThrow('gate: canonical');
      // letters that look alike, and the same predicate under another kind
      const kin = [body.replace('"small"', '"sm\u0430ll"'), body.replace(':ratification:', ':decline:')];
      for (const other of kin)
        await gated.as('oneroof_relay', (relay) => submitSignature(relay, other, assertion(gated.people.ana, body)));
    },
    why: /gate: challenge/,
  },
  {
    name: 'roll back by a ratification that only carries a rollback on',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      const carrying = await ratifyFor(gated, { what: 'rollback', cycle });
      await tierOf(gated, cycle, 'up');
      await tierOf(gated, carrying, 'down');
    },
    why: /gate: purpose/,
    rows: '1,2,3',
  },
  {
    name: 'accept a revocation of a removed person, from an older snapshot',
    attack: async (gated) => {
      const previous = digest('registry', [canonicalJson(gated.registry)]);
      const persons = gated.registry.persons.filter(({ id }) => id !== 'ira');
      const { body, text } = changeOf(gated, 'registry', {
        document: { ...gated.registry, version: 2, previous, persons },
      });
      await sign(gated, body, [gated.people.ana, gated.people.ben]);
      await gated.as('oneroof_relay', async (relay) => {
        await relay.query(sql`begin isolation level repeatable read`);
        await relay.query(sql`select count(*) from pg_catalog.pg_class`);
        await accept(gated, 'registry', text);
        const late = revocationOf(`sha256:${'a'.repeat(64)}`);
        await submitSignature(relay, late, assertion(gated.people.ira, late));
      });
    },
    why: /gate: isolation/,
  },
  {
    name: 'remove a release that is in place, from an older snapshot',
    attack: (gated) =>
      gated.as('oneroof_relay', async (relay) => {
        await relay.query(sql`begin isolation level repeatable read`);
        await relay.query(sql`select count(*) from pg_catalog.pg_class`);
        await tierOf(gated, await ratifyFor(gated, rollout), 'up');
        for (let i = 0; i < 34; i += 1)
          await relay.query(sql`select gate.submit_release(${canonicalJson({ i, metrics: [], tiers: [] })}, '{}')`);
      }),
    why: /gate: isolation/,
    rows: '1,2,3',
  },
  {
    name: 'go on in a database that was renamed',
    attack: async (gated) => {
      const cycle = await ratifyFor(gated, rollout);
      const { database } = gated.database;
      const rename = (from: string, to: string): Promise<void> =>
        runSql({ ...gated.database, database: 'postgres' }, [`alter database ${from} rename to ${to}`]);
      await rename(database, `${database}_x`);
      try {
        await tierOf(gatedIn({ ...gated, database: { ...gated.database, database: `${database}_x` } }), cycle, 'up');
      } finally {
        await rename(`${database}_x`, database);
      }
    },
    why: /gate: target/,
  },
];

describe('a thief does not', () => {
  it.each(newest.flatMap((version) => attempts.map((of) => ({ version, ...of }))))(
    '$name, on PostgreSQL $version',
    async ({ version, plan = {}, attack, why, rows: left = '1' }) => {
      await withGate(version, plan, async (gated) => {
        await expect(attack(gated)).rejects.toThrow(why);
        expect(await dataOf(gated)).toBe(left);
      });
    },
  );

  it.each(['oneroof_executor', 'oneroof_relay', 'oneroof_observer'])(
    'close the gate by default privileges of its own role: %s',
    (role) =>
      withGate(versions[0] ?? '18', {}, async (gated) => {
        const cycle = await ratifyFor(gated, rollout);
        const change = (what: string): Promise<unknown> =>
          gated.as(role, (session) => session.run(`alter default privileges ${what}`));
        await change('grant select on tables to public');
        await byHand(gated, async ({ begin, enter, step, leave, run }) => {
          const epoch = await begin(cycle);
          await run('begin');
          await enter(cycle, 'up', first, epoch);
          await change('grant select on sequences to public');
          for (const [at, text] of rows.entries()) await step(cycle, 'up', first, at + 1, text);
          await leave(cycle, 'up', first, epoch);
          await run('commit');
        });
        expect(await dataOf(gated)).toBe('1,2,3');
      }),
  );
});

/** A dump of 15 that was restored over the database that it was taken of. */
async function restoredOver(gated: Gated, between: () => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-over-'));
  const { host, port, user = '', database } = gated.database;
  const options = [`--host=${host}`, `--port=${port}`, `--username=${user}`, `--dbname=${database}`];
  try {
    execFileSync('pg_dump', [...options, '-Fc', '-f', join(folder, 'dump')], { stdio: 'pipe' });
    await between();
    const over = ['--clean', '--if-exists', '--exit-on-error', join(folder, 'dump')];
    execFileSync('pg_restore', [...options, ...over], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const home = replacing([`and (select i.home = 'gate.identity'::regclass::oid from gate.identity i)`, '']);

describe.runIf(versions.includes('15'))('an older dump that is restored over the database', () => {
  const attack = async (gated: Gated): Promise<void> => {
    const cycle = await ratifyFor(gated, rollout);
    await restoredOver(gated, () => revoke(gated, cycle, gated.people.ira));
    await tierOf(gated, cycle, 'up');
  };

  it('opens nothing that was open when the dump was taken', () =>
    withGate('15', {}, async (gated) => {
      await expect(attack(gated)).rejects.toThrow('gate: target');
      expect(await dataOf(gated)).toBe('1');
    }));

  it('and without that check it would run what was revoked since', () =>
    withGate('15', { change: home }, async (gated) => {
      await attack(gated);
      expect(await dataOf(gated)).toBe('1,2,3');
    }));
});
