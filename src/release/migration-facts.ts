import { z } from 'zod';
import { digestForm, type Formed } from '../core/index.ts';
import { type Release } from './release.ts';
import { historyName } from './tool-rows.ts';

/** What people are shown of a tier that is a migration of another tool: nothing that its author said, only what each reading of the release made again. */
export const migrationFactsForm = z.strictObject({
  tool: z.string(),
  /** Its files as the repository has them, byte for byte. */
  files: z.array(
    z.strictObject({ is: z.enum(['migration', 'down', 'journal']), file: z.string(), digest: digestForm }),
  ),
  /** The table of the tool's history, quoted as in SQL. */
  history: z.string(),
  /** The row that the tier writes there: column → value as SQL. */
  row: z.record(z.string(), z.string()),
  /** Of a tier with statements of a migration that is more than one tier: the one that writes the row. */
  rowIn: z.string().exactOptional(),
  /** What the tiers of the migration say in other words than its files. */
  changes: z.array(z.string()).exactOptional(),
});
export type MigrationFacts = Formed<typeof migrationFactsForm>;

/** The facts of one tier; null: people wrote it. */
export function migrationFactsOf({ imported }: Pick<Release, 'imported'>, tier: string): MigrationFacts | null {
  const of = imported?.migrations.find(({ tier: own, parts = [] }) => own === tier || parts.includes(tier));
  if (imported === undefined || of === undefined) return null;
  const { tool, history, journal } = imported;
  return {
    tool,
    files: [
      { is: 'migration', file: of.file, digest: of.digest },
      ...(of.down === undefined ? [] : [{ is: 'down' as const, ...of.down }]),
      ...(journal === undefined ? [] : [{ is: 'journal' as const, ...journal }]),
    ],
    history: historyName(history),
    ...(of.tier === tier ? { row: of.row } : { row: {}, rowIn: of.tier }),
    ...(of.changes === undefined ? {} : { changes: [...of.changes] }),
  };
}

/** The row for people: `version = 5, dirty = false`. */
export const explainRow = ({ row, rowIn }: Pick<MigrationFacts, 'row' | 'rowIn'>): string =>
  rowIn !== undefined
    ? `written by tier ${rowIn}`
    : Object.entries(row)
        .map(([column, value]) => `${column} = ${value}`)
        .join(', ');
