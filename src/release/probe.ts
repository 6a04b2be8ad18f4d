import { stated, type Stated } from '../core/index.ts';
import { z } from 'zod';
import { hasOutsideShape } from './outside-shape.ts';
import { type Node } from './parts.ts';

/** The schema as the text names it; null: PostgreSQL looks it up in the search path. */
const schema = z.string().nullable();

/**
 * What a statement that runs outside of a transaction must leave in the catalogue: the gate decides by that whether it is done, and not by the answer
 * that it got. Names as PostgreSQL reads them: without quotes, in lower case where they had none.
 */
export const probeForm = z.discriminatedUnion('act', [
  // an index is always in the schema of its table
  z.strictObject({ act: z.literal('create-index'), schema, table: z.string(), name: z.string() }),
  z.strictObject({ act: z.literal('drop-index'), schema, name: z.string(), missingOk: z.boolean() }),
  z.strictObject({ act: z.literal('reindex'), object: z.enum(['index', 'table']), schema, name: z.string() }),
  z.strictObject({
    act: z.literal('detach'),
    schema,
    table: z.string(),
    partitionSchema: schema,
    partition: z.string(),
  }),
  z.strictObject({
    act: z.literal('finalize'),
    schema,
    table: z.string(),
    partitionSchema: schema,
    partition: z.string(),
  }),
  z.strictObject({ act: z.literal('vacuum'), schema, name: z.string() }),
]);
export type Probe = z.output<typeof probeForm>;

/** Why a statement cannot be a step of a tier with `transaction: outside`, and what to do. */
export interface NoProbe extends Stated {
  readonly act: null;
  readonly fix: string;
}

const transactional: NoProbe = {
  act: null,
  ...stated`it runs in a transaction`,
  fix: 'move it to a tier of its own without `transaction: outside`',
};

/** What no tier may have: nothing in the catalogue says whether it is done. */
export const ofNoTier: NoProbe = {
  act: null,
  ...stated`nothing in the catalogue says whether it is done`,
  fix: 'do it outside of the release',
};

/** A statement as far as its probe is made of it. */
interface ProbedStatement {
  readonly tree: Node;
  readonly step: { readonly kind: string; readonly sql: string; readonly transactional: boolean };
}

/**
 * What a statement must leave in the catalogue, by its text; or why it cannot run outside of a transaction as a step of a release.
 *
 * Source  docs/FORMAT.md "Tiers outside of a transaction".
 */
export function probeOf(statement: ProbedStatement): Probe | NoProbe {
  const probe = ofText(statement);
  if (probe.act === null || hasOutsideShape(statement.step.sql, probe.act)) return probe;
  return refused(
    stated`the gate does not recognize it: a semicolon or a nested comment is within it, or a name with Unicode escapes`,
    'write it without',
  );
}

function ofText({ tree, step }: ProbedStatement): Probe | NoProbe {
  const body = (tree[step.kind] ?? {}) as Node;
  switch (step.kind) {
    case 'IndexStmt':
      return ofCreateIndex(body);
    case 'DropStmt':
      return ofDropIndex(body);
    case 'ReindexStmt':
      return ofReindex(body);
    case 'AlterTableStmt':
      return ofDetach(body);
    case 'VacuumStmt':
      return ofVacuum(body);
    default:
      return step.transactional ? transactional : ofNoTier;
  }
}

function ofCreateIndex(body: Node): Probe | NoProbe {
  if (body['concurrent'] !== true)
    return refused(
      stated`it runs in a transaction`,
      'write CREATE INDEX CONCURRENTLY, or move it to a tier of its own without `transaction: outside`',
    );
  if (body['if_not_exists'] === true)
    return refused(stated`IF NOT EXISTS also succeeds with an invalid index`, 'remove IF NOT EXISTS');
  if (body['idxname'] === undefined)
    return refused(stated`the index has no name by which the gate could find it`, 'name the index');
  const { schema, name: table } = nameOf(body['relation']);
  return { act: 'create-index', schema, table, name: String(body['idxname']) };
}

function ofDropIndex(body: Node): Probe | NoProbe {
  if (body['concurrent'] !== true) return transactional;
  const objects = body['objects'] as readonly { List: { items: readonly { String: { sval: string } }[] } }[];
  const names = (objects[0]?.List.items ?? []).map(({ String: { sval } }) => sval);
  const name = names.at(-1);
  if (objects.length !== 1 || name === undefined)
    return refused(stated`it drops more than one index`, 'write one DROP INDEX CONCURRENTLY for each index');
  return { act: 'drop-index', schema: names.at(-2) ?? null, name, missingOk: body['missing_ok'] === true };
}

function ofReindex(body: Node): Probe | NoProbe {
  const object = { REINDEX_OBJECT_INDEX: 'index', REINDEX_OBJECT_TABLE: 'table' }[String(body['kind'])];
  if (object === undefined)
    return refused(
      stated`it rebuilds more than one table`,
      'write REINDEX TABLE CONCURRENTLY or REINDEX INDEX CONCURRENTLY for each of them',
    );
  const concurrently = optionsOf(body['params'], 'concurrently');
  if (concurrently.length === 0 || !concurrently.every(isOn))
    return refused(stated`without CONCURRENTLY it blocks writes to the table`, 'write REINDEX … CONCURRENTLY');
  return { act: 'reindex', object: object as 'index' | 'table', ...nameOf(body['relation']) };
}

function ofDetach(body: Node): Probe | NoProbe {
  // the grammar takes no other command beside these
  const { subtype, def } =
    (body['cmds'] as readonly { readonly AlterTableCmd: Node }[] | undefined)?.[0]?.AlterTableCmd ?? {};
  const command = (def as { PartitionCmd?: Node } | undefined)?.PartitionCmd;
  const isFinal = subtype === 'AT_DetachPartitionFinalize';
  if (!isFinal && !(subtype === 'AT_DetachPartition' && command?.['concurrent'] === true)) return transactional;
  const { schema, name: table } = nameOf(body['relation']);
  const { schema: partitionSchema, name: partition } = nameOf(command?.['name']);
  return { act: isFinal ? 'finalize' : 'detach', schema, table, partitionSchema, partition };
}

function ofVacuum(body: Node): Probe | NoProbe {
  if (body['is_vacuumcmd'] !== true) return transactional;
  const tables = (body['rels'] ?? []) as readonly { VacuumRelation: Node }[];
  if (tables.length !== 1)
    return refused(
      tables.length === 0 ? stated`it names no table` : stated`it names more than one table`,
      'write one VACUUM for each table',
    );
  if (!optionsOf(body['options'], 'full').every(isOff))
    return refused(stated`VACUUM FULL blocks reads and writes of the table`, 'write VACUUM without FULL');
  if (!optionsOf(body['options'], 'skip_locked').every(isOff))
    return refused(stated`SKIP_LOCKED also succeeds where nothing was vacuumed`, 'remove SKIP_LOCKED');
  return { act: 'vacuum', ...nameOf(tables[0]?.VacuumRelation['relation']) };
}

function refused(what: Stated, fix: string): NoProbe {
  return { act: null, ...what, fix };
}

function nameOf(relation: unknown): { readonly schema: string | null; readonly name: string } {
  const { schemaname, relname } = (relation ?? {}) as { readonly schemaname?: string; readonly relname?: string };
  return { schema: schemaname ?? null, name: relname ?? '' };
}

/** What an option in parentheses, or a word, is set to, each time that it is written: null where it has no value. */
function optionsOf(options: unknown, name: string): readonly (string | null)[] {
  return ((options ?? []) as readonly { DefElem: Node }[])
    .filter(({ DefElem: { defname } }) => defname === name)
    .map(({ DefElem: { arg } }) => valueOf(arg));
}

function valueOf(arg: unknown): string | null {
  if (arg === undefined) return null;
  const { String: text, Integer: number, Boolean: bool } = arg as Readonly<Record<string, Node | undefined>>;
  // the tree leaves out a zero, and false
  if (number !== undefined) return String(number['ival'] ?? 0);
  if (bool !== undefined) return String(bool['boolval'] ?? false);
  return String(text?.['sval'] ?? '').toLowerCase();
}

const isOn = (value: string | null): boolean => value === null || ['true', 'on', '1'].includes(value);
const isOff = (value: string | null): boolean => value !== null && ['false', 'off', '0'].includes(value);
