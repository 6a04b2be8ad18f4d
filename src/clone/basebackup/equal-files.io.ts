import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Connection, openSession, sql } from '../../database/index.ts';
import {
  captureRows,
  compareRows,
  type DataFingerprint,
  differingObjects,
  listSchema,
  unproven,
} from '../../fingerprint/index.ts';
import { type GoldenOrigin } from '../clone.ts';
import { type Pinned } from './pin-snapshot.io.ts';

/** What the comparison of a copy of files with production says. */
export type ComparedFiles = Pick<GoldenOrigin, 'compared' | 'notCompared'> & { readonly differs: readonly string[] };

/**
 * Compares a copy of files with the snapshot that its WAL ends at: rows by hashes, the schema by objects.
 *
 * Errors  CLONE_NOT_EQUAL, naming what differs.
 */
export async function compareFiles(
  copy: Connection,
  of: {
    readonly pinned: Pinned;
    readonly unlogged: readonly string[];
    readonly workers: number;
    readonly signal: AbortSignal;
  },
): Promise<ComparedFiles> {
  const { rows, objects } = of.pinned;
  const ours = await captureRows(copy, {
    seeds: rows.seeds,
    workers: of.workers,
    applicationName: 'oneroof golden',
    signal: of.signal,
  });
  const empty = new Set(of.unlogged);
  const [was, is] = [logged(rows, empty), logged(ours, empty)];
  const wrong = compareRows(was, is).flatMap((one) => (one.in === 'rows' ? [one.name] : []));
  if (wrong.length > 0)
    throw new OneRoofError('CLONE_NOT_EQUAL', {
      ...stated`rows of the copy are not those of production's snapshot: ${{ relations: wrong.slice(0, 10).map(printable) }}${wrong.length > 10 ? `, and ${wrong.length - 10} more` : ''}`,
      fix: 'run the same command again; where it says the same, please report it',
    });
  const session = await openSession(copy, { applicationName: 'oneroof golden' });
  try {
    return {
      differs: differingObjects(objects, await listSchema(session)).map(
        ({ kind, name }) => `${kind} ${name}: not as in production`,
      ),
      compared: was.relations.length,
      notCompared: oneGate(unproven(was, is)),
    };
  } finally {
    await session.close();
  }
}

/** The tables of the gate in one line: no role of a copy may read them. */
function oneGate(all: GoldenOrigin['notCompared']): GoldenOrigin['notCompared'] {
  const isGate = ({ relation }: { readonly relation: string }): boolean => relation.startsWith('gate.');
  const gate = all.some(isGate) ? [{ relation: 'schema gate', reason: 'the role may not read it' }] : [];
  return [...all.filter((one) => !isGate(one)), ...gate];
}

/** Tables whose rows are in no WAL, and so in no copy of files. */
export async function readUnlogged(copy: Connection): Promise<readonly string[]> {
  const session = await openSession(copy, { applicationName: 'oneroof golden' });
  try {
    const rows = await session.query<{ name: string }>(sql`
      select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and c.relpersistence = 'u' order by 1`);
    return rows.map(({ name }) => name);
  } finally {
    await session.close();
  }
}

/** Relations that are in the WAL. */
function logged(rows: DataFingerprint, unlogged: ReadonlySet<string>): DataFingerprint {
  const others = <One extends { readonly relation: string }>(all: readonly One[]): readonly One[] =>
    all.filter(({ relation }) => !unlogged.has(relation));
  return { ...rows, relations: others(rows.relations), notProven: others(rows.notProven) };
}
