import { expect, test } from 'vitest';
import { foundElsewhere, problemOf, type Session } from '../../src/database/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';

const step = { sql: 'update s.t set i = 1', place: { file: 'up.sql', line: 3 } };

test.each(versions)(
  'PostgreSQL %s: a statement that fails inside of functions names them, and what they ran',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create schema s create table t (i integer) create table log (i integer)',
        'create function s.inner() returns void language plpgsql as $$\nbegin\n  insert into log values (1);\nend $$',
        'create function s.outer() returns trigger language plpgsql as $$ begin perform s.inner(); return new; end $$',
        'create trigger x before update on s.t for each row execute function s.outer()',
        'insert into s.t values (1)',
        'create schema gate',
        // as the gate runs a step
        'create function gate.run_step(step text) returns void language plpgsql as $$ begin execute step; end $$',
      ]);
      await withSession(connection, async (session) => {
        const failed = async (text: string): Promise<unknown> =>
          session.run(text).then(String, (error: unknown) => error);
        const error = await failed(step.sql);
        const problem = problemOf(error, step);
        expect(problem.problem).toContain(
          '; in PL/pgSQL function s."inner"() line 3 at SQL statement, called from PL/pgSQL function s."outer"() line 1 at PERFORM',
        );
        expect(problem.detail?.[0]).toBe('QUERY: insert into log values (1)');
        // what calls the statement in the gate is ours, and is not told
        const gated = problemOf(await failed(`select gate.run_step('${step.sql}')`), step);
        expect(gated.problem).toBe(problem.problem);
        expect(JSON.stringify(gated)).not.toContain('gate.');
        await elsewhere(session, error);
      });
    });
  },
);

async function elsewhere(session: Session, error: unknown): Promise<void> {
  expect(await foundElsewhere(session, error)).toMatch(/^s\.log is there, .*searchPath: \[s, /);
  const none = await session.run('select * from nowhere').catch((cause: unknown) => cause);
  expect(await foundElsewhere(session, none)).toBeNull();
  const routine = await session.run('select inner_name(1)').catch((cause: unknown) => cause);
  expect(await foundElsewhere(session, routine)).toBeNull();
  await session.run('create function s.only_here() returns integer language sql as $$ select 1 $$');
  const found = await session.run('select only_here()').catch((cause: unknown) => cause);
  expect(await foundElsewhere(session, found)).toMatch(/^s\.only_here is there/);
  // as in rehearsal, and in the gate
  await session.run('set search_path = "public", "pg_temp"');
  expect(await foundElsewhere(session, found)).toMatch(/ searches public: .*\(searchPath: \[s, public\]\)$/);
}
