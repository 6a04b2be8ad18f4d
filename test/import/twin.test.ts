import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Connection, fixed, sql } from '../../src/database/index.ts';
import { newest, runSql, withDatabase, withSession } from '../database.io.ts';
import { type Place, withPlace } from '../runbooks/place.io.ts';
import { dbmateTool, nodePgMigrateTool, type RealTool } from './real-tools.io.ts';

const tools = [nodePgMigrateTool, dbmateTool];

async function rows(database: Connection, query: string): Promise<readonly string[]> {
  return withSession(database, async (session) => {
    const found = await session.query<{ name: string }>(sql`${fixed(query)}`);
    return found.map(({ name }) => name);
  });
}

/** Writes the first migrations of a tool into a folder. */
function write(folder: string, { mark, migrations }: RealTool, count: number): void {
  for (const [path, text] of [...Object.entries(mark), ...migrations.slice(0, count).flatMap(Object.entries<string>)]) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Types a line that must end with a status. */
const at =
  ({ type }: Place) =>
  async (line: string, expected = 0): Promise<string> => {
    const { status, stdout, stderr } = await type(line);
    expect(status, `${line}\n${stdout}${stderr}`).toBe(expected);
    return stdout + stderr;
  };

describe.each(newest)('on PostgreSQL %s, a release that was imported', (version) => {
  it.each(tools.map((tool) => [tool.name, tool] as const))(
    'leaves the history that the real %s leaves, and takes it back',
    { timeout: 900_000 },
    (_, tool) =>
      withDatabase(version, (database) =>
        withDatabase(version, (twin) =>
          withPlace(version as '15' | '18', { database }, async (place) => {
            const works = at(place);
            const repository = join(place.home, 'repository');
            const names = tool.migrations.map((files) =>
              (Object.keys(files)[0] ?? '').slice('migrations/'.length, -'.sql'.length),
            );
            await runSql(twin, ['grant create on schema public to app_owner']);
            write(repository, tool, 1);
            for (const one of [database, twin]) tool.up(repository, one);
            write(repository, tool, 3);
            expect(tool.pending?.(repository, database)).toEqual(names.slice(1, 3));

            // the observer may not read the history, and the hint is what lets it
            const closed = await works('oneroof import repository --into imported', 3);
            const grant = /run as its owner: (.*;)$/m.exec(closed)?.[1] ?? '';
            expect(closed).toContain('[HISTORY_NO_RIGHT]');
            await runSql(database, grant.split('; '));
            await works('oneroof import repository --into imported');
            for (const line of ['lint imported', 'seal imported', 'rehearse imported --golden', 'ratify imported'])
              await works(`oneroof ${line}`);
            // the report names the files of the repository; it is not GO yet, as production was not read
            const report = await works('oneroof report imported --json', 1);
            for (const [path, text] of tool.migrations.slice(1, 3).flatMap(Object.entries<string>)) {
              expect(report).toContain(JSON.stringify(path));
              expect(report).toContain(`"sha256:${createHash('sha256').update(text).digest('hex')}"`);
            }
            await works('oneroof rollout imported');

            tool.up(repository, twin);
            expect(tool.pending?.(repository, database)).toEqual([]);
            expect(await rows(database, tool.rows)).toEqual(await rows(twin, tool.rows));
            expect(await rows(database, tool.rows)).toHaveLength(3);

            await works('oneroof rollback imported');
            expect(tool.pending?.(repository, database)).toEqual(names.slice(1, 3));
            expect(await rows(database, tool.rows)).toHaveLength(1);
          }),
        ),
      ),
  );
});
