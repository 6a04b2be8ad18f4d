import { flywayChecksum } from '../release/index.ts';
import { columnOf as text, type HistoryRow, type HistoryState } from './history-state.ts';
import { type Migration } from './migration.ts';
import { compareParts, versionParts } from './version-parts.ts';

/** The version is above all that ran; a repeatable one is pending where its file is not as it was when it ran last. */
export function judgeFlyway(migrations: readonly Migration[], rows: readonly HistoryRow[]): HistoryState {
  const failed = rows.find((row) => text(row, 'success') !== 'true');
  const versions = rows.flatMap(({ version }) => (version === null || version === undefined ? [] : [version]));
  const reached = versions.map(versionParts).toSorted(compareParts).at(-1);
  const lastRun = new Map<string, string | null>();
  for (const row of rows.toSorted((one, other) => Number(text(one, 'rank')) - Number(text(other, 'rank'))))
    if (row['version'] === null) lastRun.set(text(row, 'description'), row['checksum'] ?? null);
  const isPending = (one: Migration): boolean => {
    if (one.id.startsWith('R ')) return lastRun.get(one.id.slice(2)) !== String(flywayChecksum(one.up.text));
    return reached === undefined || compareParts(versionParts(one.id.split(' ')[0] ?? ''), reached) > 0;
  };
  const ids = new Set(migrations.map(({ id }) => id));
  return {
    pending: migrations.filter(isPending),
    unknown: versions.filter((version) => !ids.has(versionParts(version).join('.'))),
    stopped: failed === undefined ? null : `version ${text(failed, 'version')} failed half way`,
  };
}
