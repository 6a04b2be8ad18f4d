import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions } from '../database.io.ts';
import { type LoopbackServer, startLoopbackServer } from '../gate/loopback.io.ts';
import { outsideFiles, withOutside } from './outside.io.ts';

describe.each(versions)('statements outside of a transaction on PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it('build an index, and drop it on the way back', async () => {
    const files = outsideFiles(
      'create index concurrently big_v on big (v);',
      'drop index concurrently if exists big_v;',
    );
    await withOutside({ version, at }, { files }, async ({ run, admin }) => {
      expect(await run('up')).toMatchObject({ result: 'done', tiers: ['1-index'] });
      const index = sql`select indisvalid::text as valid from pg_index where indexrelid = to_regclass('public.big_v')`;
      expect(await admin.query(index)).toEqual([{ valid: 'true' }]);
      expect(await run('up')).toMatchObject({ result: 'nothing-to-do' });
      expect(await run('down')).toMatchObject({ result: 'done' });
      expect(await admin.query(index)).toEqual([]);
    });
  });
});
