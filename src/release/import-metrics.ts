import { type Imported } from './release.ts';
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
  /** golang-migrate: the version before the first. */
  before: string | undefined,
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
