import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import {
  checkedSettings,
  fixedSettings,
  freeSettings,
  gateSettings,
  sessionSettings,
} from '../../src/gate/session-settings.ts';
import { otherPlans } from '../../src/rehearsal/twin/twin.io.ts';
import { serverConnection, versions, withSession } from '../database.io.ts';
import { type Gated, withGate } from './cycle.io.ts';
import { step } from './hostile.io.ts';
import { replacing } from './purpose.io.ts';

const all = Object.values(sessionSettings).flat();

describe('the list of settings that a session can set', () => {
  it('names each of them once, and knows all that the gate gives a value to', () => {
    expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([]);
    expect(freeSettings.filter((name) => !all.includes(name))).toEqual([]);
  });

  it('lets the twin vary plans alone, and nothing that the gate fixes', () => {
    for (const name of Object.keys(otherPlans)) {
      expect(sessionSettings.plan).toContain(name);
      expect([...Object.keys(fixedSettings), ...gateSettings, ...checkedSettings]).not.toContain(name);
    }
  });

  it.each(versions)('knows every setting of a running server, of PL/pgSQL too, on PostgreSQL %s', (version) =>
    withSession(serverConnection(version), async (session) => {
      await session.run('do $$ begin end $$');
      const rows = await session.query<{ name: string }>(sql`
        select name from pg_catalog.pg_settings where context in ('user', 'superuser', 'backend', 'superuser-backend')`);
      expect(rows.length).toBeGreaterThan(150);
      expect(rows.map(({ name }) => name).filter((name) => !all.includes(name))).toEqual([]);
    }),
  );

  it.each(versions.filter((version) => Number(version) >= 15))(
    'knows what RESET ALL leaves as it is, on PostgreSQL %s',
    (version) =>
      withSession(serverConnection(version), async (session) => {
        const rows = await session.query<{ name: string }>(sql`
          select name from pg_catalog.pg_settings where context in ('user', 'superuser')
            and 'NO_RESET_ALL' = any(pg_catalog.pg_settings_get_flags(name)) order by name`);
        // isolation is looked at; who only reads enters no tier; the last one is refused by its source
        expect(rows.map(({ name }) => name)).toEqual([
          'transaction_deferrable',
          'transaction_isolation',
          'transaction_read_only',
        ]);
      }),
  );
});

const first = 'insert into t values (2)';
const ratified = (gated: Gated): Promise<string> =>
  gated.ratification().then((body) => gated.ratify(body, [gated.people.ana, gated.people.ben]));

describe.each(versions)('the time-outs of a tier on PostgreSQL %s', (version) => {
  const names = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'];
  const lifted = names.map((name) => `select set_config('${name}', '0', false)`);
  const values = async (gated: Gated, before: readonly string[], after: readonly string[]): Promise<unknown> => {
    const statement = await ratified(gated);
    return await gated.as('oneroof_executor', async (session) => {
      for (const one of before) await session.run(one);
      const [row] = await session.query<{ epoch: string }>(
        sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
      );
      await session.run('begin');
      await session.run(`select gate.enter_tier('${statement}', 'up', '1-rows', ${row?.epoch ?? ''})`);
      for (const one of after) await session.run(one);
      if (after.length > 0) await session.run(step(statement, 1, first));
      const [set] = await session.query<Record<string, string>>(sql`
        select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement,
          current_setting('idle_in_transaction_session_timeout') as idle, coalesce(current_setting('transaction_timeout', true), '') as transaction`);
      await session.run('rollback');
      return set;
    });
  };
  it('are those of the release, whatever the session has set, and set again at each step', () =>
    withGate(version, {}, async (gated) => {
      const sealed = { lock: '2s', statement: '5min', idle: '30s' };
      expect(await values(gated, [], [])).toMatchObject(sealed);
      const noTransaction = Number(version) >= 17 ? lifted : lifted.slice(0, 3);
      const again = (await values(gated, ['set idle_in_transaction_session_timeout = 0'], noTransaction)) as {
        transaction: string;
      };
      expect(again).toMatchObject(sealed);
      if (Number(version) >= 17) expect(again.transaction).toMatch(/[1-9]/);
      expect(await values(gated, ['set idle_in_transaction_session_timeout = 500'], [])).toMatchObject({
        idle: '500ms',
      });
    }));

  it('would stay what the session has set, if the gate did not set them again', async () => {
    const blind = replacing([
      'perform gate.reset_session(t.names, t.settings, t.until);\n  sealed := t.steps',
      'sealed := t.steps',
    ]);
    const none = { lock: '0', statement: '0', idle: '0' };
    await withGate(version, { change: blind }, async (gated) => {
      const noTransaction = Number(version) >= 17 ? lifted : lifted.slice(0, 3);
      expect(await values(gated, [], noTransaction)).toMatchObject(
        Number(version) >= 17 ? { ...none, transaction: '0' } : none,
      );
    });
    // and each part of it: those of the release, and from PostgreSQL 17 the one that ends with the statement
    const released = replacing([
      'perform set_config(s.name, s.setting, true) from unnest(names, settings) s(name, setting);',
      '',
    ]);
    await withGate(version, { change: released }, async (gated) => {
      expect(await values(gated, [], [])).not.toMatchObject({ lock: '2s', statement: '5min', idle: '30s' });
    });
    if (Number(version) < 17) return;
    const endless = replacing(["if current_setting('server_version_num')::integer >= 170000 then", 'if false then']);
    await withGate(version, { change: endless }, async (gated) => {
      expect(await values(gated, [], [])).toMatchObject({ transaction: '0' });
    });
  });
});
