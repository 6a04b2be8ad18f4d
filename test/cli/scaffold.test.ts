import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { id, sql } from '../../src/database/index.ts';
import { versions, withDatabase, withSession } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { type Answer, oneroof } from './run.io.ts';

describe.each(versions)('a new release on PostgreSQL %s', (version) => {
  it('is linted, sealed and rehearsed as it is written, and with a tier more', { timeout: 120_000 }, () =>
    withDatabase(version, (database) =>
      withFolder({}, async (folder) => {
        const run = (...words: string[]): Answer => oneroof(words, { folder });
        const passes = (...words: string[]): string => {
          const { status, stdout, stderr } = run(...words);
          expect(status, `${words.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
          return stdout;
        };
        passes('init', 'x');
        const address = (name: string): string =>
          `postgres://postgres@/${name}?host=${encodeURIComponent(database.host)}`;
        writeFileSync(
          join(folder, 'oneroof.yaml'),
          `targets: { production: { url: "${address(database.database)}" } }
clone: { provider: template, admin: { url: "${address('postgres')}" }, source: ${database.database}, sameServer: true }
`,
        );
        try {
          for (const verb of ['lint', 'seal']) passes(verb, 'x');
          expect(passes('rehearse', 'x', '--golden')).toContain('PASSED');
          passes('new', 'tier', 'x', 'more-rows');
          for (const verb of ['lint', 'seal']) passes(verb, 'x');
          expect(passes('rehearse', 'x')).toContain('PASSED');
          // what a new tier does is to be replaced, and both of its files say so
          for (const file of ['up', 'down'])
            expect(readFileSync(join(folder, 'x', 'tiers', '2-more-rows', `${file}.sql`), 'utf8')).toContain('Replace');
        } finally {
          await withSession({ ...database, database: 'postgres' }, async (admin) => {
            const golden = `oneroof_${database.database}_g1`;
            await admin.query(sql`alter database ${id(golden)} with is_template false`);
            await admin.query(sql`drop database ${id(golden)} with (force)`);
          });
        }
      }),
    ),
  );
});
