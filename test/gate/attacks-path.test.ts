import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { newest, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { runHostile } from './hostile.io.ts';

/** Paths that a release.yaml cannot have, in a release that people signed all the same. */
const paths: readonly (readonly [what: string, path: readonly string[]])[] = [
  ['temporary tables first', ['pg_temp', 'public']],
  ['the temporary tables of a session first', ['pg_temp_3', 'public']],
  ['temporary tables after the catalogue', ['pg_catalog', 'pg_temp', 'public']],
  ['temporary tables last', ['public', 'pg_temp']],
  ['pg_toast', ['pg_toast', 'public']],
  ['the catalogue last', ['public', 'pg_catalog']],
  ['no schema', []],
];
// what the signed metrics and the history of a tool see is public.t
const made = ['create table kept (i integer)', 'insert into public.t values (2), (3)'];
const kept = (gated: Gated): Promise<unknown> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query(
      sql`select to_regclass('public.kept') is not null as kept, (select count(*) from public.t)::int::text as rows`,
    );
    return row;
  });
const open: GatedPlan = {
  change: (text) => {
    const check = 'if gate.is_path_own(seal_document) is not true then';
    expect(text).toContain(check);
    return text.replace(check, 'if false then');
  },
};

describe.each(newest)('the schemas that a ratified release searches, on PostgreSQL %s', (version) => {
  it.concurrent.each(paths)('close it where they are %s', { timeout: 120_000 }, (_, searchPath) =>
    withGate(version, {}, async (gated) => {
      await expect(runHostile(gated, { steps: made, searchPath })).rejects.toThrow('gate: seal: the release searches');
      expect(await kept(gated)).toEqual({ kept: 'f', rows: '1' });
    }),
  );

  it("do not close it where they are the application's", { timeout: 120_000 }, () =>
    withGate(version, {}, async (gated) => {
      await runHostile(gated, { steps: made, searchPath: ['public'] });
      expect(await kept(gated)).toEqual({ kept: 't', rows: '3' });
    }),
  );

  it('do not close it where the catalogue is the first of them', { timeout: 120_000 }, () =>
    withGate(version, {}, async (gated) => {
      await runHostile(gated, { steps: made.slice(1), searchPath: ['pg_catalog', 'public'] });
      expect(await kept(gated)).toEqual({ kept: 'f', rows: '3' });
    }),
  );

  it('would let a table end with the session, if the gate did not look', { timeout: 120_000 }, () =>
    withGate(version, open, async (gated) => {
      await runHostile(gated, { steps: made, searchPath: ['pg_temp', 'public'] });
      expect(await kept(gated)).toEqual({ kept: 'f', rows: '3' });
    }),
  );
});
