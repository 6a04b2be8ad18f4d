import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, sql } from '../../src/database/index.ts';
import { applyGate, planInstall, planLoopback, planUninstall } from '../../src/gate/index.ts';
import { dblinkSql } from '../../src/gate/loopback.ts';
import { execute } from '../../src/rollout/index.ts';
import { runSql, withSession } from '../database.io.ts';
import { indexIn, outsideFiles, until } from '../rollout/outside.io.ts';
import { withGate } from './cycle.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';
import { installs } from './owned.io.ts';

const files = outsideFiles('create index concurrently big_v on big (v);', 'drop index concurrently if exists big_v;');
const application = [
  'create table big (id bigint primary key, v text)',
  "insert into big select i, 'x' || i from generate_series(1, 5000) i",
];

describe.each(installs())('the loopback of a gate that $by installed in PostgreSQL $version', ({ version, by }) => {
  let at: LoopbackServer;
  const installer = by === 'an owner' ? 'dba' : null;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), [
      'create role app_owner login',
      'create role dba login createrole',
      'grant app_owner to dba with admin option',
    ]);
  });
  afterAll(() => at.server.stop());

  it('builds an index also where it is cut off, drops it, and is taken away with the gate', { timeout: 240_000 }, () =>
    withGate(
      version,
      { files, application, owned: { server: at.connection('postgres'), installer } },
      async (gated) => {
        const install = installer === null ? gated.database : { ...gated.database, user: installer };
        if (installer !== null) {
          // it says what a superuser has to do first
          await withSession(install, (session) =>
            expect(planLoopback(session, null)).rejects.toMatchObject({ code: 'GATE_LOOPBACK' }),
          );
          await runSql(gated.database, [dblinkSql]);
        }
        await withSession(install, async (session) => applyGate(session, await planLoopback(session, null)));
        const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        const admin = await openSession(gated.database, { applicationName: 'test' });
        const writer = await openSession(gated.database, { applicationName: 'slow report' });
        try {
          const run = (direction: 'up' | 'down') =>
            execute({
              sealed: gated.sealed,
              statement,
              direction,
              through: null,
              target: { name: 'test', executor: { ...gated.database, user: 'oneroof_executor' } },
              record: async () => undefined,
            });
          await writer.run('begin');
          await writer.run("insert into public.big values (-1, 'held')");
          const running = run('up');
          await until(async () => ((await indexIn({ admin })) === 'invalid' ? true : null));
          await admin.query(
            sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oneroof_runner' and datname = current_database()`,
          );
          await writer.run('rollback');
          expect(await running).toMatchObject({ result: 'done' });
          expect(await indexIn({ admin })).toBe('valid');
          expect(await run('down')).toMatchObject({ result: 'done' });
          expect(await indexIn({ admin })).toBe('absent');
          await withSession(install, async (session) => applyGate(session, await planUninstall(session)));
          const [row] = await admin.query(sql`select
          (select count(*)::text from pg_extension where extname = 'dblink') as extensions,
          (select count(*)::text from pg_auth_members where member = 'oneroof_runner'::regrole and roleid = 'app_owner'::regrole) as memberships,
          has_database_privilege('gate_owner', current_database(), 'temp')::text as temporary,
          (select count(*)::text from pg_namespace where nspname = 'gate') as gates`);
          // what a superuser made, a superuser takes away; everyone may create temporary tables here
          expect(row).toEqual({
            extensions: installer === null ? '0' : '1',
            memberships: '0',
            temporary: 'true',
            gates: '0',
          });
          // and both can be had again
          await withSession(install, async (session) => {
            const { policy, registry } = gated;
            await applyGate(
              session,
              await planInstall(session, { uri: 'production', appOwner: 'app_owner', policy, registry }),
            );
            await applyGate(session, await planLoopback(session, null));
          });
          const [again] = await admin.query(sql`select gate.outside_problem() as problem`);
          expect(again).toEqual({ problem: null });
        } finally {
          await writer.close();
          await admin.close();
        }
      },
    ),
  );
});
