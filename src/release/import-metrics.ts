import { type Imported, type RecordedMigration } from './release.ts';
import { historyName, toolRows } from './tool-rows.ts';

/** A metric that an import needs, and what it must be before the first tier, after the last one, or always. */
export interface ImportedMetric {
  readonly name: string;
  readonly title: string;
  readonly query: string;
  readonly greenfield?: number;
  readonly finalized?: number;
  readonly always?: number;
}

/** The guards of an import: the tool has recorded none of the migrations before the first tier, all after the last one, and none failed. */
export function metricsOf(
  { tool, history }: Pick<Imported, 'tool' | 'history'>,
  /** Of each migration the condition that holds for its row alone. */
  found: readonly string[],
  /** What the row of the first has beside what its file says. */
  { before, rank }: RecordedMigration['known'],
): readonly ImportedMetric[] {
  const name = historyName(history);
  const { failed } = toolRows[tool];
  const count = (condition: string): string => `SELECT count(*) FROM ${name} WHERE ${condition}`;
  // golang-migrate keeps the version that it has reached, and nothing else
  const isOneRow = tool === 'golang-migrate';
  return [
    {
      name: 'migrations_recorded',
      title: `migrations of this release in the history of ${tool}`,
      query: count(isOneRow ? (found.at(-1) ?? 'false') : found.map((one) => `(${one})`).join(' OR ')),
      greenfield: 0,
      finalized: isOneRow ? 1 : found.length,
    },
    ...(isOneRow
      ? [
          {
            name: 'version_before',
            title: 'whether golang-migrate has the version before this release',
            query:
              before === undefined ? `SELECT 1 - count(*) FROM ${name}` : count(`version = ${before} AND NOT dirty`),
            greenfield: 1,
            finalized: 0,
          },
        ]
      : []),
    ...(rank === undefined
      ? []
      : [
          {
            name: 'rank_reached',
            title: `highest rank in the history of ${tool}`,
            query: `SELECT coalesce(max(installed_rank), 0) FROM ${name}`,
            greenfield: Number(rank) - 1,
            finalized: Number(rank) - 1 + found.length,
          },
        ]),
    ...(failed === undefined
      ? []
      : [
          {
            name: 'migrations_failed',
            title: `failed migrations in the history of ${tool}`,
            query: count(failed),
            always: 0,
          },
        ]),
  ];
}
