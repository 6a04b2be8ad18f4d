import { once } from 'node:events';
import { expect, test } from 'vitest';
import { copyBetween, openWire, runOn } from '../../src/database/index.ts';
import { versions, withDatabase } from '../database.io.ts';

test.each(versions)(
  'a connection that closed before it is asked is lost, alone and on both sides of a copy (%s)',
  async (version) => {
    await withDatabase(version, async (connection) => {
      const open = (): ReturnType<typeof openWire> => openWire(connection, { applicationName: 'test wire' });
      const lost = { code: '08006', message: 'the connection was lost' };
      const rows = { out: 'copy (select 1) to stdout', into: 'copy one from stdin' };
      const watch = { onBytes: () => 0 };
      const [gone, there] = [await open(), await open()];
      gone.close();
      await once(gone.stream, 'close');
      await runOn(there, 'create temporary table one (i integer)');
      await expect(runOn(gone, 'select 1')).rejects.toMatchObject(lost);
      await expect(copyBetween({ from: there, to: gone, ...rows }, watch)).rejects.toMatchObject(lost);
      await expect(copyBetween({ from: gone, to: there, ...rows }, watch)).rejects.toMatchObject(lost);
      there.close();
    });
  },
);
