import { type Problem, type Stated } from '../../core/index.ts';

/** What is known of a partitioned table, and of the partitions that it has. */
export interface Partitioned {
  readonly table: string;
  readonly owner: string;
  /** The type of its key has labels. */
  readonly enumerated: boolean;
  readonly strategy: 'range' | 'list' | 'hash';
  /** The types of its key, as PostgreSQL names them; null: an expression. */
  readonly key: readonly (string | null)[];
  /** As `pg_get_expr` shows them: `FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`, `DEFAULT`. */
  readonly bounds: readonly string[];
}

/** The parts of bounds that a new one is reckoned from; text: why none can be. */
export type Bounds =
  | { readonly by: 'range'; readonly type: string; readonly pairs: readonly (readonly [from: string, to: string])[] }
  | {
      readonly by: 'list';
      readonly type: string;
      readonly of: 'numbers' | 'days' | 'texts' | 'uuids' | 'labels' | 'booleans';
      readonly values: readonly string[];
    }
  | string;

const rangeTypes = [
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'smallint',
  'integer',
  'bigint',
] as const;

const listTypes: Readonly<Record<string, Extract<Bounds, { readonly by: 'list' }>['of'] | undefined>> = {
  smallint: 'numbers',
  integer: 'numbers',
  bigint: 'numbers',
  numeric: 'numbers',
  date: 'days',
  'timestamp without time zone': 'days',
  'timestamp with time zone': 'days',
  text: 'texts',
  'character varying': 'texts',
  character: 'texts',
  uuid: 'uuids',
  boolean: 'booleans',
};

/** Reads the bounds of the partitions that are there. */
export function boundsOf({ table, strategy, key, bounds, enumerated }: Partitioned): Bounds {
  const [type = null, ...more] = key;
  if (strategy === 'hash') return `${table} is partitioned by hash, where a new partition requires splitting others`;
  if (type === null || more.length > 0)
    return `the partition key of ${table} is ${type === null ? 'an expression' : 'of several columns'}, so no next bound can be calculated`;
  const lists = bounds.filter((text) => text !== 'DEFAULT').map((text) => literalsOf(text));
  const of = enumerated ? 'labels' : listTypes[type];
  if (strategy === 'list')
    return of === undefined
      ? `${table} is partitioned by lists of ${type}, so no other value can be chosen`
      : { by: 'list', type, of, values: lists.flat().filter((value) => value !== 'NULL') };
  if (!(rangeTypes as readonly string[]).includes(type))
    return `${table} is partitioned by ranges of ${type}, so no next bound can be calculated`;
  const pairs = lists.map(([from = '', to = '']): [string, string] => [from, to]);
  if (pairs.some(([, to]) => to === 'MAXVALUE'))
    return `a partition of ${table} has the upper bound MAXVALUE, so no partition can follow it`;
  return { by: 'range', type, pairs };
}

/** The values within the parentheses of a bound, without quotes. */
function literalsOf(bound: string): readonly string[] {
  const inner = bound.replace(/^FOR VALUES (?:FROM|IN) /, '');
  return [...inner.matchAll(/'((?:[^']|'')*)'|([^\s(),']+)/g)]
    .map(([, quoted, plain]) => quoted?.replaceAll("''", "'") ?? plain ?? '')
    .filter((value) => value !== 'TO');
}

/** Why a new partition could not be tried. */
export function untriedPartition(what: Stated): Problem {
  return {
    code: 'EXPECTS_UNPROVEN',
    ...what,
    fix: 'remove the table from `expects: {partitionsOf: …}` in release.yaml; a new partition then closes the gate until people accept it',
    place: { file: 'release.yaml' },
  };
}

/** What goes wrong once there is a new partition. */
export function unlike(what: Stated): Problem {
  return {
    code: 'EXPECTS_DIFFERS',
    ...what,
    fix: 'write the tiers so that they work on the parent table and so on every partition, or remove the table from `expects: {partitionsOf: …}` in release.yaml',
    place: { file: 'release.yaml' },
  };
}
