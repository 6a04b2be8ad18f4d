import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Connection, fixed, openSession, sql } from '../../src/database/index.ts';
import { findProjects, importRelease, listRepository, readProject } from '../../src/import/index.ts';
import { loadParser, readRelease, type Release } from '../../src/release/index.ts';
import { newest, runSql, withDatabase, withSession } from '../database.io.ts';
import {
  dbmateTool,
  drizzleTool,
  graphileMigrateTool,
  nodePgMigrateTool,
  prismaTool,
  type RealTool,
} from './real-tools.io.ts';

const tools = [
  nodePgMigrateTool,
  drizzleTool,
  dbmateTool,
  graphileMigrateTool,
  ...(prismaTool === null ? [] : [prismaTool]),
];

async function rows(database: Connection, query: string): Promise<readonly string[]> {
  return withSession(database, async (session) =>
    (await session.query<{ name: string }>(sql`${fixed(query)}`)).map(({ name }) => name),
  );
}

function write(folder: string, tool: RealTool, count: number): void {
  const files = [...Object.entries(tool.mark), ...tool.migrations.slice(0, count).flatMap(Object.entries<string>)];
  for (const [path, text] of tool === drizzleTool
    ? [...files, ['migrations/meta/_journal.json', drizzleTool.journal(count)] as const]
    : files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Imports what is pending, and reads the release as every command does. */
async function importInto(folder: string, repository: string, database: Connection): Promise<Release> {
  const files = await listRepository(repository);
  const [found] = findProjects(files, files.below);
  if (found === undefined) throw new Error('no tool was found');
  const project = readProject(files, found, await loadParser());
  await withSession(database, (session) => importRelease(session, { project, files, folder, named: null }));
  return readRelease(folder);
}

/** Runs one direction of each tier in a transaction, as the gate does. */
async function apply(database: Connection, { tiers }: Release, direction: 'up' | 'down'): Promise<void> {
  for (const tier of direction === 'up' ? tiers : tiers.toReversed())
    await runSql({ ...database, user: 'app_owner' }, [
      'begin',
      ...tier[direction].map(({ sql: text }) => text),
      'commit',
    ]);
}

const within = (
  version: (typeof newest)[number],
  use: (of: { readonly database: Connection; readonly twin: Connection; readonly folder: string }) => Promise<void>,
): Promise<void> =>
  withDatabase(version, (database) =>
    withDatabase(version, async (twin) => {
      const folder = mkdtempSync(join(tmpdir(), 'oneroof-import-'));
      try {
        for (const one of [database, twin])
          await runSql(one, [
            `do $$ begin if not exists (select from pg_roles where rolname = 'app_owner') then create role app_owner login; end if; end $$`,
            `grant create on schema public to app_owner`,
            `grant create on database ${one.database} to app_owner`,
          ]);
        await use({ database, twin, folder });
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
  );

describe.each(newest)('on PostgreSQL %s, the steps of an imported release', (version) => {
  it.each(tools.map((tool) => [tool.name, tool] as const))(
    'leave the rows that the real %s leaves in a twin, which then goes on with the next migration',
    { timeout: 240_000 },
    (_, tool) =>
      within(version, async ({ database, twin, folder }) => {
        const repository = join(folder, 'repository');
        write(repository, tool, 1);
        for (const one of [database, twin]) tool.up(repository, one);
        write(repository, tool, 3);
        const release = await importInto(join(folder, 'release'), repository, database);
        await apply(database, release, 'up');
        if (tool.pending !== null) expect(tool.pending(repository, database)).toEqual([]);
        tool.up(repository, twin);
        const after = await rows(twin, tool.rows);
        expect(after).toHaveLength(3);
        expect(await rows(database, tool.rows)).toEqual(after);
        // the tool itself runs nothing more, and the next one as ever
        tool.up(repository, database);
        expect(await rows(database, tool.rows)).toEqual(after);
        write(repository, tool, 4);
        for (const one of [database, twin]) tool.up(repository, one);
        expect(await rows(database, tool.rows)).toEqual(await rows(twin, tool.rows));
        expect(await rows(database, tool.rows)).toHaveLength(4);
      }),
  );

  it.each(tools.filter(({ down }) => down).map((tool) => [tool.name, tool] as const))(
    'are pending again for the real %s after the rollback',
    { timeout: 240_000 },
    (_, tool) =>
      within(version, async ({ database, folder }) => {
        const repository = join(folder, 'repository');
        write(repository, tool, 1);
        tool.up(repository, database);
        const before = await rows(database, tool.rows);
        write(repository, tool, 3);
        const pending = tool.pending?.(repository, database);
        expect(pending).toHaveLength(2);
        const release = await importInto(join(folder, 'release'), repository, database);
        await apply(database, release, 'up');
        await apply(database, release, 'down');
        expect(tool.pending?.(repository, database)).toEqual(pending);
        expect(await rows(database, tool.rows)).toEqual(before);
        expect(await rows(database, `select relname::text as name from pg_class where relname = 'items'`)).toEqual([]);
      }),
  );

  // a name among those that were skipped, where there is none
  if (prismaTool === null)
    it.skip('are tried with the real prisma (npm ci --prefix test/tools --ignore-scripts)', () => undefined);

  it('keep the real tool out while they run', { timeout: 240_000 }, () =>
    within(version, async ({ database, folder }) => {
      const tool = nodePgMigrateTool;
      const repository = join(folder, 'repository');
      write(repository, tool, 1);
      tool.up(repository, database);
      write(repository, tool, 3);
      const { tiers } = await importInto(join(folder, 'release'), repository, database);
      const session = await openSession({ ...database, user: 'app_owner' }, { applicationName: 'test' });
      try {
        await session.run('begin');
        await session.run(tiers[0]?.up[0]?.sql ?? '');
        expect(() => tool.up(repository, database)).toThrow('Another migration is already running');
        await session.run('rollback');
      } finally {
        await session.close();
      }
      tool.up(repository, database);
      expect(await rows(database, tool.rows)).toHaveLength(3);
    }),
  );

  it(
    'are not made where the tool never ran; the SQL of the hint makes the table as the tool does',
    { timeout: 120_000 },
    () =>
      within(version, async ({ database, folder }) => {
        const repository = join(folder, 'repository');
        mkdirSync(join(repository, 'm'), { recursive: true });
        writeFileSync(
          join(repository, 'm', '00001_a.sql'),
          '-- +goose Up\ncreate table a (i int);\n-- +goose Down\ndrop table a;\n',
        );
        const refused = await importInto(join(folder, 'release'), repository, database).catch(
          (error: unknown) => error,
        );
        expect(refused).toMatchObject({ code: 'IMPORT_NO_HISTORY' });
        const { problems } = refused as { readonly problems: readonly { readonly fix: string }[] };
        await runSql(database, [
          ...(/: (CREATE.*);$/.exec(problems[0]?.fix ?? '')?.[1] ?? '').split('; '),
          'alter table goose_db_version owner to app_owner',
        ]);
        const release = await importInto(join(folder, 'release'), repository, database);
        await apply(database, release, 'up');
        expect(
          await rows(database, 'select version_id::text as name from public.goose_db_version order by id'),
        ).toEqual(['0', '1']);
      }),
  );
});
