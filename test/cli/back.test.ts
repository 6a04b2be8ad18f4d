import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSql, withDatabase, withSession } from '../database.io.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { release as small } from '../gate/cycle.io.ts';
import { withPlace } from '../runbooks/place.io.ts';

const cache = 'Clear the cache';
const release = {
  ...small,
  'release.yaml': `${small['release.yaml']}after:\n  rollout: [{ title: ${cache}, run: POST /clear }]\n  rollback: [{ title: ${cache} }]\n`,
  'tiers/2-table/up.sql': 'create table n (i integer);\ngrant select on n to public;\n',
};

const relations = (database: Connection): Promise<readonly string[]> =>
  withSession(database, async (session) => {
    const rows = await session.query<{ name: string }>(
      sql`select relname as name from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
    );
    return rows.map(({ name }) => name);
  });

it(
  'tells the evening of an operator: the rollout, what is left by hand, what a rollback would drop, and the way out where it stays closed',
  {
    timeout: 400_000,
  },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database, release }, async ({ type, home, gated }) => {
        const json = async (line: string): Promise<Record<string, unknown>> =>
          JSON.parse((await type(`${line} --json`)).stdout) as Record<string, unknown>;
        // nothing is rolled out, so there is nothing to draft
        expect((await type('oneroof draft back release')).stderr).toContain('[DRAFT_IMPOSSIBLE]');
        // half of it: the steps by hand wait
        expect((await type('oneroof rollout release --through 1-rows')).stdout).not.toContain(cache);
        await runSql(database, ['insert into readiness values (1)']);
        const rolled = await type('oneroof rollout release');
        expect(rolled.stdout.trimEnd(), rolled.stderr).toMatch(
          /NOT DONE YET\. By hand, after the rollout:\n1\. Clear the cache: POST \/clear$/,
        );
        expect(await json('oneroof rollout release')).toMatchObject({
          result: 'nothing-to-do',
          after: [{ title: cache, run: 'POST /clear' }],
        });
        // users write; what the rollout made goes with a rollback
        expect((await type('oneroof rollback release --dry-run')).stderr).not.toContain('drops table');
        await runSql(database, ['insert into n values (7), (8)']);
        const asked = await type('oneroof rollback release --dry-run');
        expect(asked.stderr).toContain('the rollback drops table public.n with 2 rows');
        expect(await json('oneroof rollback release --dry-run')).toMatchObject({
          drops: [{ name: 'public.n', kind: 'table', rows: 2, more: false }],
        });
        // the gate stays while the rollback is open
        expect((await type('oneroof uninstall production --apply')).stderr).toContain('[GATE_BUSY]');
        // a person builds an index by hand on a table of the release, and the rollback is closed
        await runSql(database, ['create index by_hand on n (i)']);
        const closed = await type('oneroof rollback release');
        expect(closed, closed.stderr).toMatchObject({ status: 1 });
        expect(closed.stdout).toContain('schema');
        // the way out, as the runbook has it
        const book = (await type('oneroof runbook release')).stdout;
        const [block = ''] = /oneroof draft back[\s\S]*?(?=\n```)/.exec(book) ?? [];
        const [draft = '', ...lines] = block.split('\n');
        expect(draft).toBe('oneroof draft back release --target production --out release-back');
        const drafted = await type(draft);
        expect(drafted, drafted.stderr).toMatchObject({ status: 0 });
        const yaml = readFileSync(join(home, 'release-back', 'release.yaml'), 'utf8');
        expect(yaml).toMatch(/^# DRAFT[\s\S]*name: small-back[\s\S]*1-back-table[\s\S]*2-back-rows/);
        expect((await type(draft)).stderr).toContain('[ALREADY_EXISTS]');
        // the draft is edited for the state as it is: its down makes the index again
        const down = join(home, 'release-back', 'tiers', '1-back-table', 'down.sql');
        writeFileSync(
          down,
          `${readFileSync(down, 'utf8')}create index by_hand on n (i);\ninsert into n values (7), (8);\n`,
        );
        for (const line of lines) {
          const { status, stdout, stderr } = await type(line.replaceAll("'", '"'));
          expect(status, `${line}\n${stdout}${stderr}`).toBe(0);
          if (line.startsWith('oneroof rollout'))
            expect(stdout.trimEnd()).toMatch(/after the rollout:\n1\. Clear the cache$/);
        }
        expect(await relations(database)).toEqual(['readiness', 't']);
        expect(gated.sealed.release.name).toBe('small');
      }),
    ),
);
