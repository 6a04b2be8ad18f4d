import {
  allBelow,
  type ComparedSchemas,
  type Difference,
  type DifferenceNode,
  differenceTree,
} from '../../fingerprint/index.ts';
import { asConcurrently, type Tier } from '../../release/index.ts';
import { dropping, type Kept, madeWhole, making, type ReleaseWork, type Remedy, restoring } from '../changes/index.ts';
import { inverseOf } from './inverse.ts';

/** Statements that belong together, in the order in which they run. */
export type Part = readonly string[];

/** What undoes one thing: ways to do it, of which the first that the server takes is used. */
export interface Undo {
  readonly ways: readonly Part[];
}

/** What undoes one thing with rows that the up keeps. */
interface KeptUndo extends Undo {
  /** What the up.sql has to begin and to end with for it. */
  readonly begin: Part;
  readonly end: Part;
}

/** A draft while it is being made. */
export interface Draft {
  readonly undo: readonly KeptUndo[];
  /** Statements for the up that the server did not take, each with what it said. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What the up.sql begins and ends with: it keeps rows. */
export function keepingOf({ undo }: Draft): { readonly begin: Part; readonly end: Part } {
  const all = (of: 'begin' | 'end'): Part => [...new Set(undo.flatMap((one) => one[of]))];
  return { begin: all('begin'), end: all('end') };
}

/** The draft without what needs a statement of the up that the server did not take. */
export function withoutUnkept(draft: Draft, sql: string, said: string): Draft {
  const rest = draft.undo.filter(({ begin, end }) => !begin.includes(sql) && !end.includes(sql));
  return { undo: rest, refused: new Map([...draft.refused, [sql, said]]) };
}

/** What a draft begins with: a rename is undone by a rename. */
export function begunDraft(tier: Tier, [schema = 'public']: readonly string[]): Draft {
  const renames = tier.up.flatMap((step) => inverseOf(step, schema) ?? []);
  const undo = renames.toReversed().map((sql) => ({ ways: [[sql]], begin: [], end: [] }));
  return { undo, refused: new Map() };
}

/** What a comparison found after the up and the draft. */
export interface FoundAfter {
  /** Those that count. */
  readonly differences: readonly Difference[];
  readonly schemas: ComparedSchemas;
  readonly work: ReleaseWork;
  /** The definitions of functions and procedures before the up, by `kind name`. */
  readonly routines: ReadonlyMap<string, string>;
}

/** The tier of a draft; `isUpFixed`: nothing can be added to its up. */
interface DraftedTier extends Pick<Tier, 'transaction'> {
  readonly isUpFixed: boolean;
}

/** Adds what undoes the differences that are left; null where nothing can be added. */
export function furthered(draft: Draft, found: FoundAfter, tier: DraftedTier): Draft | null {
  const known = new Set(draft.undo.flatMap(({ ways, begin }) => [...begin, ...ways.flat()]));
  const all = differenceTree(found.differences, found.schemas)
    .flatMap((node) => [...madeBelow(node), node])
    .map((node) => undoing(node, found, tier));
  const wanted = all.filter(
    ({ ways, begin, end }) =>
      ways.some((way) => way.some((sql) => !known.has(sql))) &&
      ![...begin, ...end].some((sql) => draft.refused.has(sql)),
  );
  // the values of a column that comes back are among what brings the column back
  const own = wanted.filter(
    (one) => !wanted.some((other) => other !== one && one.ways.every((way) => isWithin(way, other.ways.flat()))),
  );
  if (own.length === 0) return null;
  return { ...draft, undo: [...draft.undo, ...own.filter(({ ways }) => ways.length > 0)] };
}

function isWithin(some: Part, all: Part): boolean {
  return some.length > 0 && some.every((sql) => all.includes(sql));
}

function undoing(node: DifferenceNode, found: FoundAfter, { transaction, isUpFixed }: DraftedTier): KeptUndo {
  // of a table, the remedy renames it: that is cheaper, but changes what the author wrote
  const {
    up,
    upEnd = [],
    down,
    instead,
  }: Partial<Remedy> & Kept = madeWhole(node, found.schemas) ?? restoring(node, found.work, found.schemas);
  if (instead === true || (isUpFixed && up.length > 0)) return { begin: [], end: [], ways: [] };
  const routine = found.routines.get(`${node.kind} ${node.name}`);
  const isDefined = routine !== undefined && !node.own.every(({ property }) => besides.includes(property ?? ''));
  const ways = isDefined ? againAs(node, [`${routine.trim()};`]) : [down, ...replaced(node, found)];
  const safe = transaction === 'single' ? ways : ways.map((way) => way.map((sql) => asIs(sql, transaction)));
  return { begin: up, end: upEnd, ways: safe.filter((way) => way.length > 0) };
}

/** What was made with an object and is dropped by itself: a schema holds others, and a view reads a table. */
function madeBelow(node: DifferenceNode): readonly DifferenceNode[] {
  if (node.change !== 'new') return [];
  return allBelow(node)
    .filter(({ in: where, change, kind }) => where === 'schema' && change === 'new' && !parts.includes(kind))
    .toReversed();
}

/** What goes with its table. */
const parts: readonly string[] = ['column', 'constraint', 'index', 'trigger', 'rule', 'policy', 'statistics'];

/** What CREATE OR REPLACE FUNCTION leaves as it is. */
const besides: readonly string[] = ['owner', 'privileges', 'comment'];

/** A definition in the place of what is there: at once, or after a DROP where PostgreSQL does not replace it. */
function againAs(node: DifferenceNode, made: Part): readonly Part[] {
  const drop = node.change === 'gone' ? null : dropping(node);
  return [made, ...(drop === null ? [] : [[drop, ...made]])];
}

/** Another way: the object as it was, in the place of the one that is there. */
function replaced(node: DifferenceNode, { schemas }: FoundAfter): readonly Part[] {
  const { kind, name, change } = node;
  const drop = dropping(node);
  if (change !== 'changed' || drop === null || !replaceable.includes(kind)) return [];
  const was = schemas[0].objects.find((object) => object.kind === kind && object.name === name);
  if (was === undefined) return [];
  const own: Difference[] = [
    { in: 'schema', kind, name, property: null, level: 'logical', before: was.logical, after: null },
  ];
  const made = making({ ...node, change: 'gone', own, below: [] });
  return made.length === 0 ? [] : [[drop, ...made]];
}

/** What holds nothing of its own, so that it can be dropped and made again. */
const replaceable: readonly string[] = ['view', 'index', 'constraint', 'trigger', 'policy', 'rule', 'statistics'];

/** A statement of a down that may begin at any step of the up, or run outside of a transaction. */
function asIs(sql: string, transaction: Tier['transaction']): string {
  const safe = sql
    .replace(
      /^(drop (?:materialized view|foreign table|event trigger|access method|foreign data wrapper|text search \w+|user mapping|operator (?:class|family)|[a-z]+)) (?!if exists |for )/,
      '$1 if exists ',
    )
    .replace(/^(alter table .* drop (?:column|constraint)) (?!if exists )/, '$1 if exists ');
  if (transaction !== 'outside') return safe;
  return asConcurrently(safe.replace(/^drop index (?!concurrently)/, 'drop index concurrently '));
}
