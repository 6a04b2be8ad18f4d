import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { publishedForms } from '../../src/cli/json/schema-names.ts';
import { newest, runSql, withDatabase } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { type Answer, oneroof } from './run.io.ts';

const files = {
  'shop/go.mod': 'module example.org/shop\n\nrequire github.com/golang-migrate/migrate/v4 v4.18.1\n',
  'shop/migrations/000001_a.up.sql': 'create table a (i int);\n',
  'shop/migrations/000002_b.up.sql': 'create table b (i int);\n',
  'shop/migrations/000002_b.down.sql': 'drop table b;\n',
};

it.each(newest)(
  'PostgreSQL %s: import reads the history as the observer, and says what keeps it from that',
  { timeout: 240_000 },
  (version) =>
    withDatabase(version, (database) =>
      withFolder(files, async (folder) => {
        const role = `look_${database.database}`;
        const run = (...words: readonly string[]): Answer => oneroof(['import', 'shop', ...words], { folder });
        const refused = (answer: Answer): readonly [number | null, string] => [
          answer.status,
          /\[([A-Z_]+)\]/.exec(answer.stderr)?.[1] ?? '',
        ];
        const url = `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
        writeFileSync(join(folder, 'oneroof.yaml'), `targets: { production: { url: "${url}" } }\n`);
        await runSql(database, [
          `create role ${role} login`,
          `revoke temporary on database ${database.database} from public`,
        ]);
        try {
          expect(refused(run())).toEqual([2, 'USAGE']);
          expect(refused(run('--into', 'release'))).toEqual([3, 'IMPORT_NO_HISTORY']);
          await runSql(database, [
            'create table schema_migrations (version bigint not null primary key, dirty boolean not null)',
            'insert into schema_migrations values (1, true)',
          ]);
          const closed = run('--into', 'release');
          expect(refused(closed)).toEqual([3, 'HISTORY_NO_RIGHT']);
          const [, grant = ''] = /run as its owner: (.*;)$/m.exec(closed.stderr) ?? [];
          await runSql(database, grant.split('; '));
          expect(refused(run('--into', 'release'))).toEqual([3, 'HISTORY_STOPPED']);
          await runSql(database, ['update schema_migrations set dirty = false']);

          const made = run('--into', 'release', '--json');
          expect(made.stderr).toMatch(/^next: oneroof lint release, /);
          const said = JSON.parse(made.stdout) as Readonly<Record<string, unknown>>;
          expect(publishedForms['oneroof/import/1'].form.safeParse(said).error?.issues ?? []).toEqual([]);
          expect(said).toMatchObject({
            tool: 'golang-migrate',
            history: 'public.schema_migrations',
            added: ['1-000002-b'],
          });
          expect(z.array(z.string()).parse(said['written'])).toContain(join(folder, 'release', 'release.yaml'));
          expect(oneroof(['lint', 'release'], { folder }).status).toBe(0);

          // again: nothing to do, then one that has no down; the copies in the release are not taken for a second folder
          const whole = (): Answer => oneroof(['import', '.', '--into', 'release'], { folder });
          expect([whole().status, whole().stdout]).toEqual([0, '0 of 1 tiers of golang-migrate are new in release\n']);
          mkdirSync(join(folder, 'shop', 'migrations'), { recursive: true });
          writeFileSync(join(folder, 'shop', 'migrations', '000003_c.up.sql'), 'create table c (i int);\n');
          const more = whole();
          expect([more.status, more.stderr]).toEqual([0, expect.stringContaining('tier 2-000003-c has no down')]);
          expect(oneroof(['lint', 'release'], { folder }).status).toBe(0);

          await runSql(database, ['update schema_migrations set version = 3']);
          expect(refused(whole())).toEqual([2, 'IMPORT_NOTHING']);
        } finally {
          await runSql(database, [`drop owned by ${role}`, `drop role ${role}`]);
        }
      }),
    ),
);
