import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { exampleFolder, loadExample } from '../../src/demo/demo-production.io.ts';
import { readRelease, type Step } from '../../src/release/index.ts';
import { runSql, withDatabase } from '../database.io.ts';

/** An oracle that knows nothing of our fingerprints. */
const pgDump = '/usr/lib/postgresql/15/bin/pg_dump';
const tested = existsSync(pgDump) ? test : test.skip;

const texts = (steps: readonly Step[]): readonly string[] => steps.map(({ sql }) => sql);

function dump(connection: Connection, part: '--schema-only' | '--data-only'): string {
  const options = ['--host', connection.host, '--username', connection.user, part, connection.database];
  return execFileSync(pgDump, options, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Schema, rows and sequences as pg_dump writes them, without what differs in each dump: newer pg_dump fences a dump with a random
 * key. An UPDATE that is taken back leaves a row at another place of its table, so rows are compared as a bag.
 */
function dumped(connection: Connection): readonly string[] {
  const lines = (part: '--schema-only' | '--data-only'): string[] =>
    dump(connection, part)
      .split('\n')
      .filter((line) => !/^\\(un)?restrict /.test(line));
  return [...lines('--schema-only'), ...lines('--data-only').toSorted()];
}

tested(
  'pg_dump sees no difference after a rollback from any half-way point of the example, nor after a second one',
  async () => {
    const { tiers } = await readRelease(exampleFolder());
    const downs = tiers.toReversed().flatMap(({ down }) => texts(down));
    await withDatabase('15', async (connection) => {
      await loadExample(connection);
      const before = dumped(connection);
      for (const reached of [...tiers.keys(), tiers.length]) {
        await runSql(
          connection,
          tiers.slice(0, reached).flatMap(({ up }) => texts(up)),
        );
        await runSql(connection, downs);
        expect(dumped(connection).join('\n') === before.join('\n'), `back from ${reached} tiers`).toBe(true);
      }
      await runSql(connection, downs);
      expect(dumped(connection).join('\n') === before.join('\n'), 'after a second rollback').toBe(true);
    });
  },
  120_000,
);
