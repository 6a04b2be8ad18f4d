import { canonicalJson, digest, type Digest } from '../core/index.ts';
import { type Migration, type MigrationProject } from '../import/index.ts';
import { type ChosenMigrations } from './chosen.ts';

/** What a verdict depends on, beside the migrations. */
export interface VerdictBase {
  /** The program that judges: its version and its bytes. */
  readonly program: string;
  /** The PostgreSQL that judges: its version, and what can be installed in it. */
  readonly server: string;
  readonly as: 'owner' | 'superuser';
  /** How rows are made. */
  readonly seed: string;
  readonly perTable: number;
  /** The file of --rows; null: none. */
  readonly rows: string | null;
}

/**
 * The key of the verdict of each migration that is to be judged: a digest over all that it depends on. That is the base, every byte of the
 * migrations up to and including it with the way in which they are sent, and which of them are judged, because rows are made before each of these.
 *
 * Source  docs/decisions/0068-speed-of-check.md.
 */
export function verdictKeys(
  { migrations }: Pick<MigrationProject, 'migrations'>,
  { judged }: Pick<ChosenMigrations, 'judged'>,
  base: VerdictBase,
): ReadonlyMap<Migration, Digest> {
  // whether the lack of a down is a fault depends on the whole project
  const hasDowns = migrations.some(({ down }) => down !== null);
  const keys = new Map<Migration, Digest>();
  let key = digest('verdict', [canonicalJson({ ...base, hasDowns })]);
  for (const migration of migrations) {
    const { id, name, up, down, unreadable } = migration;
    key = digest('verdict', [
      key,
      canonicalJson({ id, name, up: bytesOf(up), down: down === null ? null : bytesOf(down), unreadable }),
      judged.has(migration) ? 'judged' : 'replayed',
    ]);
    if (judged.has(migration)) keys.set(migration, key);
  }
  return keys;
}

/** A script with the place that faults name. */
function bytesOf({ file, line, text, send }: Migration['up']): Readonly<Record<string, string | number>> {
  return { file, line, text, send };
}
