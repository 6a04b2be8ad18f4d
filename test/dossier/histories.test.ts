import { expect, it } from 'vitest';
import { writtenHistories } from '../../src/dossier/measures.ts';
import { type RowChange } from '../../src/dossier/dossier.ts';
import { type Release } from '../../src/release/index.ts';

const none = { inserted: 0, updated: 0, deleted: 0 };
const written = (relation: string, up: Partial<typeof none> = { inserted: 1 }): RowChange => ({
  relation,
  up: { ...none, ...up },
  down: none,
});
const byHand = {} as Release;
const importedInto = (schema: string, table: string): Release =>
  ({ imported: { history: { schema, table } } }) as unknown as Release;
const histories = (of: Release, rows: readonly RowChange[], objects: readonly object[] = []): unknown =>
  writtenHistories(of, { rows: [...rows], objects: objects as never }).histories;

it('names the histories of tools that a release writes by hand, and no other table', () => {
  expect(histories(byHand, [written('public.orders'), written('public.schema_migrations', {})])).toBe(undefined);
  expect(histories(byHand, [written('app.schema_migrations', { updated: 1 })])).toEqual([
    { relation: 'app.schema_migrations', tools: expect.arrayContaining(['golang-migrate', 'dbmate']) },
  ]);
  expect(histories(byHand, [written('public._sqlx_migrations', { deleted: 1 })])).toEqual([
    { relation: 'public._sqlx_migrations', tools: ['sqlx'] },
  ]);
  // one that is in a schema of its tool's own is known with it
  expect(histories(byHand, [written('graphile_migrate.migrations'), written('public.migrations')])).toEqual([
    { relation: 'graphile_migrate.migrations', tools: ['graphile-migrate'] },
  ]);
  const made = { kind: 'table', name: 'public.goose_db_version' };
  expect(histories(byHand, [], [made])).toEqual([{ relation: 'public.goose_db_version', tools: ['goose'] }]);
});

it('leaves out the history that an import writes, and only that one', () => {
  const release = importedInto('app', 'schema_migrations');
  expect(histories(release, [written('app.schema_migrations')])).toBe(undefined);
  expect(histories(release, [written('public.schema_migrations'), written('public._sqlx_migrations')])).toHaveLength(2);
});
