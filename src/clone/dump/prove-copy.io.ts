import { randomBytes } from 'node:crypto';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Connection } from '../../database/index.ts';
import {
  captureRows,
  compareRows,
  type DataFingerprint,
  differingObjects,
  type ListedObject,
  unproven,
} from '../../fingerprint/index.ts';
import { type GoldenOrigin } from '../clone.ts';

/** Two random numbers, drawn for this copy. */
export function drawProofSeeds(): readonly [string, string] {
  return [randomBytes(8).readBigInt64BE().toString(), randomBytes(8).readBigInt64BE().toString()];
}

/** Hashes the rows of production as one snapshot has them. */
export async function readProductionRows(
  connection: Connection,
  of: {
    readonly snapshot: string;
    readonly seeds: readonly [string, string];
    /** SQL over `t`: of the tables that are named here, the rows that were chosen. */
    readonly only: ReadonlyMap<string, string>;
    readonly workers: number;
    readonly signal: AbortSignal;
  },
): Promise<DataFingerprint> {
  return withoutGate(await captureRows(connection, { ...of, applicationName: 'oneroof golden' }));
}

/** The contents of the gate are never copied. */
function withoutGate(rows: DataFingerprint): DataFingerprint {
  const others = <One extends { readonly relation: string }>(all: readonly One[]): readonly One[] =>
    all.filter(({ relation }) => !relation.startsWith('gate.'));
  return { ...rows, relations: others(rows.relations), notProven: others(rows.notProven) };
}

/**
 * Compares a copy with the snapshot that it was made from: rows by hashes, the schema by objects.
 *
 * Errors  CLONE_NOT_EQUAL, naming what differs.
 */
export async function proveCopy(of: {
  readonly production: { readonly rows: DataFingerprint; readonly objects: readonly ListedObject[] };
  readonly copy: {
    readonly connection: Connection;
    readonly objects: readonly ListedObject[];
    readonly workers: number;
  };
  /** Large objects that the role may not read were not copied. */
  readonly withoutLargeObjects: boolean;
  readonly signal: AbortSignal;
}): Promise<Pick<GoldenOrigin, 'compared' | 'notCompared'> & { readonly differs: readonly string[] }> {
  const { production, copy } = of;
  const rows = withoutGate(
    await captureRows(copy.connection, {
      seeds: production.rows.seeds,
      workers: copy.workers,
      applicationName: 'oneroof golden',
      signal: of.signal,
    }),
  );
  const wrong = compareRows(production.rows, rows)
    .filter((one) => one.in === 'rows')
    // it is computed again, and production's may be of another time
    .filter(({ kind }) => kind !== 'materialized view' && !(of.withoutLargeObjects && kind === 'large objects'))
    .map(({ name }) => name);
  if (wrong.length > 0)
    throw new OneRoofError('CLONE_NOT_EQUAL', {
      ...stated`rows of the copy are not those of production's snapshot: ${{ relations: wrong.slice(0, 10).map(printable) }}${wrong.length > 10 ? `, and ${wrong.length - 10} more` : ''}`,
      fix: 'run the same command again; where it says the same, please report it',
    });
  const views = production.rows.relations.filter(({ kind }) => kind === 'materialized view');
  return {
    // docs/FORMAT.md lists what no dump carries over
    differs: differingObjects(production.objects, copy.objects).map(
      ({ kind, name }) => `${kind} ${name}: not as in production`,
    ),
    compared: production.rows.relations.length - views.length,
    notCompared: [
      ...unproven(production.rows, rows),
      ...views.map(({ relation }) => ({ relation, reason: 'a materialized view: it was refreshed in the copy' })),
      ...(of.withoutLargeObjects ? [{ relation: 'large objects', reason: 'the role may not read all of them' }] : []),
    ],
  };
}
