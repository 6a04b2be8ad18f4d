import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { step } from './hostile.io.ts';
import { installs, ownedServers } from './owned.io.ts';
import { attemptOn, ratifyFor, replacing, revoke, rows } from './purpose.io.ts';
import { extended, fastpath, onWire, simple, sync, type Wire } from './wire.io.ts';

/** A way to end a transaction, or to have its last look early, that is no COMMIT sent on its own. */
interface Ending {
  readonly name: string;
  /** After BEGIN, the tier, its steps and its end. */
  readonly end: (wire: Wire, gated: Gated) => Promise<void>;
}

/** A function of the session's own, made when nothing looks at temporary objects any more. */
const own = async (wire: Wire, body: string): Promise<void> =>
  wire.send(simple(`create function pg_temp.early() returns void language plpgsql as $f$ begin ${body} end $f$`));
/** Its number: the catalogue shows it to nobody else before COMMIT, so it is asked for by the session, in the text of an error. */
const numberOf = async (wire: Wire): Promise<number> => {
  const said = await wire.send(simple(`select ('n' || 'pg_temp.early()'::regprocedure::oid)::integer`)).then(
    () => '',
    (error: Error) => error.message,
  );
  return Number(/"n(\d+)"/.exec(said)?.[1]);
};

const endings: readonly Ending[] = [
  {
    name: 'SET CONSTRAINTS ALL IMMEDIATE before it',
    end: (wire) => wire.send(simple('set constraints all immediate')).then(() => wire.send(simple('commit'))),
  },
  {
    name: 'SET CONSTRAINTS in a savepoint',
    end: async (wire) => {
      await wire.send(simple('savepoint s'));
      await wire.send(simple('set constraints all immediate'));
      await wire.send(simple('commit'));
    },
  },
  {
    name: 'SET CONSTRAINTS in a block',
    end: (wire) =>
      wire.send(simple('do $d$ begin set constraints all immediate; end $d$')).then(() => wire.send(simple('commit'))),
  },
  {
    name: 'SET CONSTRAINTS of the extended protocol',
    end: (wire) =>
      wire.send(extended('set constraints gate.whole_tiers immediate'), sync).then(() => wire.send(simple('commit'))),
  },
  { name: 'COMMIT AND CHAIN', end: (wire) => wire.send(simple('commit and chain')) },
  { name: 'END AND CHAIN, extended', end: (wire) => wire.send(extended('end and chain'), sync) },
  { name: 'COMMIT behind something else', end: (wire) => wire.send(simple('select 1; commit')) },
  { name: 'COMMIT before something else', end: (wire) => wire.send(simple('commit; select 1')) },
  { name: 'COMMIT in a comment', end: (wire) => wire.send(simple('/* x */ commit')) },
  { name: 'PREPARE TRANSACTION', end: (wire) => wire.send(simple(`prepare transaction 'later'`)) },
  { name: 'PREPARE TRANSACTION, extended', end: (wire) => wire.send(extended(`prepare transaction 'later'`), sync) },
];

const executor = (gated: Gated) => ({ ...gated.database, user: 'oneroof_executor' });
const epochOf = (gated: Gated, statement: string): Promise<string> =>
  gated.as('oneroof_executor', async (session) => {
    const [row] = await session.query<{ epoch: string }>(
      sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
    );
    return row?.epoch ?? '0';
  });
const calls = (statement: string, epoch: string): readonly string[] => [
  `select gate.enter_tier('${statement}', 'up', '1-rows', ${epoch})`,
  ...rows.map((text, index) => step(statement, index + 1, text)),
  `select gate.leave_tier('${statement}', 'up', '1-rows', ${epoch})`,
];

/** Runs the tier by hand, and ends it in this way. */
const ended =
  ({ end }: Ending) =>
  async (gated: Gated): Promise<void> => {
    const statement = await ratifyFor(gated, { what: 'rollout' });
    const epoch = await epochOf(gated, statement);
    await onWire(executor(gated), async (wire) => {
      await wire.send(simple('begin'));
      for (const call of calls(statement, epoch)) await wire.send(simple(call));
      await end(wire, gated);
    });
  };

/** Without BEGIN and COMMIT: the Sync ends what was sent, and there is no text of a statement then. */
const pipelined = async (gated: Gated): Promise<void> => {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  const epoch = await epochOf(gated, statement);
  await onWire(executor(gated), (wire) => wire.send(...calls(statement, epoch).map(extended), sync));
};

/** A call of a function by its number has no text either. */
const byNumber = async (gated: Gated): Promise<void> => {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  const epoch = await epochOf(gated, statement);
  await onWire(executor(gated), async (wire) => {
    await wire.send(simple('begin'));
    for (const call of calls(statement, epoch)) await wire.send(simple(call));
    await own(wire, 'set constraints all immediate;');
    await wire.send(simple('savepoint s'));
    const oid = await numberOf(wire);
    await wire.send(simple('rollback to s'));
    expect(oid).toBeGreaterThan(0);
    await wire.send(fastpath(oid));
    await revoke(gated, statement, gated.people.ben);
    await wire.send(simple('commit'));
  });
};

const look = `*;?[[:space:]]*$') is not true then perform gate.refuse('commit'`;
const unlooked = `*;?[[:space:]]*$') is null and false then perform gate.refuse('commit'`;
const blind = `*;?[[:space:]]*$') is false then perform gate.refuse('commit'`;

const servers = ownedServers();
beforeAll(() => servers.start(versions), 120_000);
afterAll(() => servers.stop());

describe.each(installs())('COMMIT on PostgreSQL $version, in a gate that $by installed,', ({ version, by }) => {
  const withInstalled = (plan: GatedPlan, use: (gated: Gated) => Promise<void>): Promise<void> =>
    by === 'an owner' ? servers.withGate(version, plan, use) : withGate(version, plan, use);
  const nothing = (gated: Gated): Promise<void> =>
    withSession(gated.database, async (session) => {
      const [row] = await session.query(
        sql`select (select count(*) from public.t)::text as rows, (select count(*) from gate.markers)::text as markers, (select count(*) from pg_prepared_xacts)::text as prepared`,
      );
      expect(row).toEqual({ rows: '1', markers: '0', prepared: '0' });
    });

  it('is not replaced by anything else that ends a transaction', { timeout: 240_000 }, () =>
    withInstalled({}, async (gated) => {
      for (const ending of endings) {
        await expect(ended(ending)(gated), ending.name).rejects.toThrow(/^gate: commit/);
        await nothing(gated);
      }
      await expect(pipelined(gated)).rejects.toThrow(/^gate: commit/);
      await nothing(gated);
      await expect(byNumber(gated)).rejects.toThrow(/^gate: commit/);
      await nothing(gated);
    }),
  );

  it('checks again where a savepoint undid the first check', { timeout: 60_000 }, () =>
    withInstalled({}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const epoch = await epochOf(gated, statement);
      await onWire(executor(gated), async (wire) => {
        await wire.send(simple('begin'));
        for (const call of calls(statement, epoch)) await wire.send(simple(call));
        await wire.send(simple('savepoint s'));
        await expect(wire.send(simple('set constraints all immediate'))).rejects.toThrow('gate: commit');
        await wire.send(simple('rollback to s'));
        await revoke(gated, statement, gated.people.ben);
        await expect(wire.send(simple('commit'))).rejects.toThrow('gate: revoked');
      });
      await nothing(gated);
    }),
  );

  it('takes what a savepoint undid as never done', { timeout: 60_000 }, () =>
    withInstalled({}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const epoch = await epochOf(gated, statement);
      const [enter = '', one = '', two = ''] = calls(statement, epoch);
      await onWire(executor(gated), async (wire) => {
        await wire.send(simple('begin'));
        await wire.send(simple('savepoint s'));
        await wire.send(simple(enter));
        await wire.send(simple(one));
        await wire.send(simple('rollback to s'));
        await expect(wire.send(simple(two))).rejects.toThrow('gate: order');
        await wire.send(simple('rollback'));
        await wire.send(simple('begin'));
        await wire.send(simple(enter));
        await wire.send(simple('savepoint s'));
        await wire.send(simple(one));
        await wire.send(simple('rollback to s'));
        await expect(wire.send(simple(two))).rejects.toThrow('gate: order');
        await wire.send(simple('rollback'));
      });
      await nothing(gated);
    }),
  );

  it('is refused for what a cursor or COPY ran before the revocation', { timeout: 60_000 }, () =>
    withInstalled({}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const epoch = await epochOf(gated, statement);
      const [enter = '', one = '', two = '', left = ''] = calls(statement, epoch);
      await onWire(executor(gated), async (wire) => {
        await wire.send(simple('begin'));
        await wire.send(simple(enter));
        await wire.send(simple(`declare c cursor for ${one}`));
        await wire.send(simple('fetch c'));
        await wire.send(simple(`copy (${two}) to stdout`));
        await wire.send(simple(`declare d cursor for ${left}`));
        await wire.send(simple('fetch d'));
        await wire.send(simple('close all'));
        await revoke(gated, statement, gated.people.ben);
        await expect(wire.send(simple('commit'))).rejects.toThrow('gate: revoked');
      });
      await nothing(gated);
    }),
  );

  it('sees in a cursor that was opened before the revocation what was committed since', { timeout: 60_000 }, () =>
    withInstalled({}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      const epoch = await epochOf(gated, statement);
      const [enter = '', one = ''] = calls(statement, epoch);
      await onWire(executor(gated), async (wire) => {
        await wire.send(simple('begin'));
        await wire.send(simple(enter));
        await wire.send(simple(`declare c cursor for ${one}`));
        await revoke(gated, statement, gated.people.ben);
        await expect(wire.send(simple('fetch c'))).rejects.toThrow('gate: revoked');
      });
    }),
  );
});

describe('the look at COMMIT that is taken out', () => {
  const taken = (gated: Gated): Promise<void> =>
    withSession(gated.database, async (session) => {
      const [row] = await session.query(sql`select (select count(*) from gate.markers)::text as markers`);
      expect(row).toEqual({ markers: '1' });
    });

  it.each([
    ['Sync without COMMIT', pipelined],
    ['a call by number', byNumber],
  ] as const)('would take %s, if null were let through', { timeout: 60_000 }, (_what, attack) =>
    withGate('18', { change: replacing([look, blind]) }, async (gated) => {
      await attack(gated);
      await taken(gated);
    }),
  );

  it.each(endings)('would take $name', { timeout: 60_000 }, (ending) =>
    withGate('18', { change: replacing([look, unlooked]) }, async (gated) => {
      await ended(ending)(gated);
      if (ending.name.startsWith('PREPARE')) await runSql(gated.database, [`commit prepared 'later'`]);
      else if (!ending.name.includes('CHAIN') && !ending.name.includes('SET')) await taken(gated);
    }),
  );
});

describe('a tier of one transaction', () => {
  it('is not committed when its definition cannot be read: null is no way out', () =>
    withGate('18', {}, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      await attemptOn(gated, { statement }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await attempt.step(1);
        await expect(attempt.commit()).rejects.toThrow('gate: order: the tier was not left');
      });
    }));
});
