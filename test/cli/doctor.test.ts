import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { runSql, versions, withDatabase } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { oneroof } from './run.io.ts';

describe.each(versions)('doctor on PostgreSQL %s', (version) => {
  it('asks a superuser for another role, and what it prints makes one', { timeout: 60_000 }, () =>
    withDatabase(version, (database) =>
      withFolder({}, async (folder) => {
        const role = `look_${database.database}`;
        const look = (user: string): string => {
          const url = `postgres://${user}@/${database.database}?host=${encodeURIComponent(database.host)}`;
          writeFileSync(join(folder, 'oneroof.yaml'), `targets: { production: { url: "${url}" } }\n`);
          return oneroof(['doctor'], { folder }).stdout;
        };
        const told = look('postgres');
        expect(told).toMatch(/problem +target production: .*it is a superuser/);
        expect(told).toContain('use another role: run the SQL of `oneroof grants`');
        expect(told).not.toMatch(/alter role \S+ nosuperuser/);
        const client = new pg.Client({ ...database, password: '' });
        await client.connect();
        try {
          await client.query(oneroof(['grants', '--role', role], { folder }).stdout);
          expect(look(role)).toMatch(/ok +target production: PostgreSQL \d+, look_\S+ cannot write/);
        } finally {
          await client.end();
          await runSql(database, [`drop owned by ${role}`, `drop role ${role}`]);
        }
      }),
    ),
  );
});
