import { type Facts } from '../core/index.ts';
import {
  type ComparedSchemas,
  type Difference,
  explainMore,
  explainNode,
  heaviest,
  nodeFacts,
  nodeLines,
} from '../fingerprint/index.ts';
import { type Fault, type Spot, type JudgedMigration, faultCodes } from './check-result.ts';

/** What a down did to rows that were there before the up. */
export interface RowDamage {
  readonly kind: 'rows lost' | 'rows added' | 'values lost' | 'values changed' | 'sequence behind';
  /** `schema.name`, quoted as in SQL. */
  readonly relation: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

/** What a comparison found after up and down. */
export interface Restored {
  readonly schemas: ComparedSchemas;
  readonly schema: readonly Difference[];
  readonly damage: readonly RowDamage[];
}

/** Details that are shown of one fault. */
const mostDetails = 10;

/** The faults of a down that did not restore everything. */
export function restoreFaults({ schemas, schema, damage }: Restored, spot: Spot): readonly Fault[] {
  const logical = schema.filter(({ level }) => level === 'logical');
  const isMoved = schema.some(({ kind, property }) => kind === 'column' && property === 'position');
  const lost = damage.filter(({ kind }) => kind === 'rows lost' || kind === 'values lost');
  const changed = damage.filter((one) => !lost.includes(one));
  return [
    ...(logical.length === 0 ? [] : [schemaFault(logical, schemas, spot)]),
    ...(lost.length === 0 ? [] : [dataFault('data-lost', lost, spot)]),
    ...(changed.length === 0 ? [] : [dataFault('data-changed', changed, spot)]),
    ...(logical.length === 0 && isMoved ? [orderFault(schema, schemas, spot)] : []),
  ];
}

function schemaFault(logical: readonly Difference[], schemas: Restored['schemas'], spot: Spot): Fault {
  const [first = '', ...rest] = explainedSchema(logical, schemas);
  return {
    code: 'schema-not-restored',
    level: 'error',
    spot,
    cause: `after up and down, ${first}`,
    facts: schemaFacts(logical, schemas),
    detail: rest,
    fix: 'let the down undo everything that the up does, and nothing else',
  };
}

function orderFault(schema: readonly Difference[], schemas: Restored['schemas'], spot: Spot): Fault {
  const moved = schema.filter(({ kind }) => kind === 'column');
  const [first = '', ...rest] = explainedSchema(moved, schemas);
  return {
    code: 'column-order',
    level: 'warning',
    spot,
    cause: `after up and down, ${first}`,
    facts: schemaFacts(moved, schemas),
    detail: rest,
    fix: 'nothing, unless SQL of yours depends on the order of columns: INSERT without a list of columns, COPY, SELECT *',
  };
}

/** Differences of schemas as data: the causes, without what follows from them. */
export function schemaFacts(differences: readonly Difference[], schemas: Restored['schemas']): Facts {
  const { roots, more } = heaviest(differences, schemas, mostDetails);
  return { objects: roots.map(nodeFacts), more: more.roots };
}

/** A number of rows that differs, as data. */
export function countFacts({ name, before, after }: Difference): Facts {
  return { relation: name, before, after };
}

/** Differences of schemas in words: the causes, each with what follows from it, and where long definitions differ. */
export function explainedSchema(differences: readonly Difference[], schemas: Restored['schemas']): readonly string[] {
  const shown = heaviest(differences, schemas, mostDetails);
  const more = explainMore(shown);
  return [
    ...shown.roots.flatMap((root) => [explainNode(root), ...nodeLines(root).slice(0, mostDetails)]),
    ...(more === null ? [] : [more]),
  ];
}

function dataFault(code: 'data-lost' | 'data-changed', damage: readonly RowDamage[], spot: Spot): Fault {
  const [first = '', ...rest] = damage.map(explainDamage);
  return {
    code,
    level: 'error',
    spot,
    cause: `after up and down, ${first}`,
    facts: { damage: damage.map((one) => ({ ...one })) },
    detail: rest.slice(0, mostDetails),
    fix:
      code === 'data-lost'
        ? 'keep what the up removes, in a column or table beside it, and let the down put it back; or do not offer a down'
        : 'let the down restore exactly the rows that the up changed: keep what they were',
  };
}

function explainDamage({ kind, relation, columns, rows }: RowDamage): string {
  const count = `${rows >= 100 ? 'at least ' : ''}${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const named = columns.map((column) => `${relation}.${column}`).join(', ');
  switch (kind) {
    case 'rows lost':
      return `${relation} lacks ${count}`;
    case 'rows added':
      return `${relation} has ${count} more`;
    case 'values lost':
      return `${named} has lost its value in ${count}`;
    case 'values changed':
      if (columns.length === 0) return `${relation} has other rows than before`;
      return `${named} ${columns.length === 1 ? 'has another value' : 'have other values'} in ${count}`;
    case 'sequence behind':
      return `the sequence ${relation} is behind its earlier value: it gives values again`;
    default:
      return kind satisfies never;
  }
}

/** The gravest fault names the verdict: in the order of the codes, errors first. */
export function ordered(faults: readonly Fault[]): readonly Fault[] {
  const levels = ['error', 'warning', 'note'];
  const rank = ({ code, level }: Fault): number => levels.indexOf(level) * 100 + weights.indexOf(code);
  return faults.toSorted((one, other) => rank(one) - rank(other));
}

/** What stops the judging comes before what it found. */
const weights: readonly Fault['code'][] = [
  'not-judged',
  'needs-no-transaction',
  'up-fails',
  'up-fails-on-rows',
  'no-down',
  'empty-down',
  ...faultCodes.filter(
    (code) =>
      !['not-judged', 'needs-no-transaction', 'up-fails', 'up-fails-on-rows', 'no-down', 'empty-down'].includes(code),
  ),
];

/** Whether a migration fails the check. */
export function isFailed({ faults, hazards }: Pick<JudgedMigration, 'faults' | 'hazards'>): boolean {
  return [...faults, ...hazards].some(({ level }) => level === 'error');
}
