import { describe, expect, it } from 'vitest';
import { id, openSession, sql } from '../../src/database/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { runSql, newest } from '../database.io.ts';
import { assertion, type Gated, runTier, withCopy, withGate } from './cycle.io.ts';
import { as, attempt, step } from './hostile.io.ts';

const [first, second] = ['insert into t values (2)', 'insert into t values (3)'];

describe.each(newest)('a safeguard that is taken out on PostgreSQL %s', (version) => {
  /** The attack goes through where the text of the safeguard is replaced: so its test would be red. */
  const without = async (
    safeguard: readonly [from: string, to: string],
    attack: (gated: Gated) => Promise<unknown>,
  ): Promise<void> => {
    const change = (installed: string): string => {
      expect(installed).toContain(safeguard[0]);
      return installed.replace(safeguard[0], safeguard[1]);
    };
    await expect(withGate(version, {}, attack)).rejects.toThrow(/gate: |duplicate key/);
    await withGate(version, { change }, attack);
  };
  const ratified = async (gated: Gated): Promise<string> =>
    gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
  const rolledOut = (gated: Gated, statement: string) =>
    gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }));

  it('the tier at COMMIT', () =>
    without(
      ['constraint trigger whole_tiers after insert or update', 'constraint trigger whole_tiers after delete'],
      async (gated) => {
        const statement = await ratified(gated);
        await as(gated, 'oneroof_executor', attempt(statement, [step(statement, 1, first)], ['commit']));
      },
    ));
  it('the fence', () =>
    without(
      ['perform from gate.fence where epoch = of_epoch for update', 'perform from gate.fence for update'],
      async (gated) => {
        const statement = await ratified(gated);
        await gated.as('oneroof_executor', async (session) => {
          await session.query(sql`select gate.begin_attempt(${statement}, 'up')`);
          await session.query(sql`select gate.begin_attempt(${statement}, 'up')`);
          await session.query(sql`select gate.enter_tier(${statement}, 'up', '1-rows', 1)`).catch((error: Error) => {
            // without the fence only the look at COMMIT is left to complain: nothing was committed by its name
            if (!error.message.startsWith('gate: commit')) throw error;
          });
        });
      },
    ));
  it('the verification of the person', () =>
    without([`if (flags & 4 = 0) is not false then return 'user-verification'; end if;`, ''], async (gated) => {
      const body = await gated.ratification();
      await gated.as('oneroof_relay', (session) =>
        submitSignature(session, body, assertion(gated.people.ana, body, { flags: 0x01 })),
      );
    }));
  it('the seats', () =>
    without(
      ['if gate.fills(seats, of_statement) is true then return null', 'if true then return null'],
      async (gated) => {
        await rolledOut(gated, await gated.ratify(await gated.ratification(), [gated.people.ana]));
      },
    ));
  it('one person, one seat', () =>
    without(
      ["select p ->> 'id', (p ->> 'level')::integer, bool_or", 'select gen_random_uuid()::text, 9, bool_or'],
      async (gated) => {
        // two persons of level 2 and 4 are asked for: two of level 2 are not enough, unless nobody looks who they are
        const { ben } = gated.people;
        await rolledOut(gated, await gated.ratify(await gated.ratification(), [ben]));
      },
    ).catch((error: Error) => expect(error.message).toMatch(/seats|assertion/)));
  it('the target', () =>
    without(
      [`select coalesce(descriptor - 'schema' - 'format' = gate.facts() and`, 'select coalesce(true and'],
      async (gated) => {
        const statement = await ratified(gated);
        await withCopy(gated, async (copy) => {
          const session = await openSession(
            { ...copy, user: 'oneroof_executor' },
            { applicationName: 'test', timeouts: "server's" },
          );
          try {
            await session.query(sql`select gate.begin_attempt(${statement}, 'up')`);
          } finally {
            await session.close();
          }
        });
      },
    ));
  it('the bytes of the step', () =>
    without(
      [
        `if sealed is null or gate.step_digest(step) is distinct from`,
        `if false and gate.step_digest(step) is distinct from`,
      ],
      async (gated) => {
        const statement = await ratified(gated);
        await as(
          gated,
          'oneroof_executor',
          attempt(statement, [step(statement, 1, 'insert into t values (7)'), step(statement, 2, second)]),
        );
      },
    ));
  it('the gate being intact', () =>
    without(
      [
        `if (select intact from gate.identity) is distinct from`,
        `if false and (select intact from gate.identity) is distinct from`,
      ],
      async (gated) => {
        const statement = await ratified(gated);
        await runSql(gated.database, [`grant select on public.t to ${id('oneroof_relay').text}`]);
        // the grant is drift of the schema as well, so it is ratified again
        const again = await ratified(gated);
        expect(again).not.toBe(statement);
        await rolledOut(gated, again);
      },
    ));
  it('nobody of the gate making what ratified SQL would call', () =>
    without([`if creates is not null then`, `if false then`], async (gated) => {
      // as every database from before 15 has it
      await runSql(gated.database, ['grant create on schema public to public']);
      await rolledOut(gated, await ratified(gated));
    }));
  it('the author', () =>
    without(
      [
        `if (coalesce(p -> 'authors', '[]') ?| array[person ->> 'id', person ->> 'name']) is not false then`,
        'if false then',
      ],
      async (gated) => {
        const body = await gated.ratification();
        await gated.as('oneroof_relay', (session) => submitSignature(session, body, assertion(gated.people.ira, body)));
      },
    ));
});
