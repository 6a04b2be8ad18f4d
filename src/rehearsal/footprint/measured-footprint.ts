import { type Digest } from '../../core/index.ts';
import { type Anchors, type Footprint, type FootprintPoint, statesSince } from '../../fingerprint/index.ts';
import { type Release } from '../../release/index.ts';
import { splitName } from '../comparison/index.ts';
import { type GateRound } from './gate-time.ts';

/** Reads the names and operators of a text, of any meaning; also in strings, because SQL may be built from them. */
export function wordsOf(text: string): readonly string[] {
  const tokens = text.matchAll(/"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)|([-+*/<>=~!@#%^&|`?]+)/gu);
  return [...tokens].map(([, quoted, plain, operator]) =>
    quoted === undefined ? (plain?.toLowerCase() ?? operator ?? '') : quoted.replaceAll('""', '"'),
  );
}

/** All SQL of a release that may run in its target. */
export function sqlOf({ tiers, metrics }: Pick<Release, 'tiers' | 'metrics'>): readonly string[] {
  return [
    ...tiers.flatMap(({ up, down, check }) => [...up, ...down, ...check].map((step) => step.sql)),
    ...metrics.map(({ query }) => query.sql),
  ];
}

/** Properties of an object that hold SQL, or name what it is made of, also in lists. */
const programs =
  `definition default source body using withCheck partitionKey arguments returns type ofType base element range
  function functions aggregate support handler operators commutator negator restrict join settings`.split(/\s+/);

/** The words of what the objects of a footprint run by themselves: defaults, triggers, views, functions. */
export function wordsIn(objects: Readonly<Record<string, string>>): readonly string[] {
  return Object.values(objects).flatMap((text) => {
    const properties = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return programs.flatMap((name) => textsIn(properties[name]).flatMap(wordsOf));
  });
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The relations that hang together with those of a footprint: parents of partitions, and what a foreign key writes to by itself. */
export function relatedRelations(
  objects: Readonly<Record<string, string>>,
  written: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(objects).flatMap(([key, text]) => {
    const [kind = '', name = ''] = splitKey(key);
    const properties = JSON.parse(text) as { readonly parents?: unknown; readonly definition?: unknown };
    if (kind.endsWith('table') && Array.isArray(properties.parents))
      return properties.parents.flatMap((parent: unknown) => (Array.isArray(parent) ? [String(parent[0])] : []));
    const cascade =
      /^FOREIGN KEY .* REFERENCES ((?:"(?:[^"]|"")*"|[^."(\s])+\.(?:"(?:[^"]|"")*"|[^."(\s])+)\(.* ON (?:DELETE|UPDATE) (?:CASCADE|SET)/.exec(
        kind === 'constraint' && typeof properties.definition === 'string' ? properties.definition : '',
      );
    return cascade !== null && written.has(cascade[1] ?? '') ? [tableOf(name)] : [];
  });
}

/** `table: app.orders` as kind and name. */
export function splitKey(key: string): readonly [kind: string, name: string] {
  const at = key.indexOf(': ');
  return [key.slice(0, at), key.slice(at + 2)];
}

function tableOf(name: string): string {
  return /^(?:"(?:[^"]|"")*"|[^."])+\.(?:"(?:[^"]|"")*"|[^."])+/.exec(name)?.[0] ?? name;
}

/** Whether two footprints name the same. */
export function isSame(one: Anchors, other: Anchors): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Adds new parts to a footprint. */
export function anchorsFrom(of: {
  readonly relations: readonly string[];
  readonly words: ReadonlySet<string>;
  readonly taken: ReadonlySet<string>;
  readonly schemas: readonly string[];
  readonly owner: string;
}): Anchors {
  const relations = [...new Set(of.relations)]
    .map((name): [string, string] => {
      const [schema = '', relation = ''] = splitName(name);
      return [schema, relation];
    })
    .toSorted(([a, b], [c, d]) => (a === c ? compare(b, d) : compare(a, c)));
  const own = new Set(relations.map(([, name]) => name));
  const names = [...of.words].toSorted(compare);
  return {
    relations,
    // a relation of such a name that is there and was not used is none that the release means
    relationNames: names.filter((name) => own.has(name) || !of.taken.has(name)),
    names,
    schemas: [...of.schemas].toSorted(compare),
    owner: of.owner,
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A lock that a transaction of the release was seen to hold. */
export interface SeenLock {
  readonly relation: string;
  readonly mode: string;
}

/** How the objects of the footprint were at a point, and what the gate's checks took there. */
export interface SeenPoint {
  readonly at: FootprintPoint;
  readonly objects: Readonly<Record<string, string>>;
  readonly round: GateRound;
}

/** What is known of a footprint before the first tier, and the words of all SQL that it was found by. */
export interface FootprintStart {
  readonly anchors: Anchors;
  readonly words: ReadonlySet<string>;
  readonly before: Readonly<Record<string, string>>;
}

/** The modes in which each relation was locked. */
export function modesOf(locks: readonly SeenLock[]): ReadonlyMap<string, ReadonlySet<string>> {
  const modes = new Map<string, Set<string>>();
  for (const { relation, mode } of locks) modes.set(relation, (modes.get(relation) ?? new Set()).add(mode));
  return modes;
}

/** Kinds of which a release may declare that something varies. */
const variable = ['column', 'view', 'materialized view', 'sequence'];

/** The footprint, from how its objects were before the release, at each point, and after the rollback: `known` of the first anchors, `all` of the last. */
export function footprintOf(of: {
  readonly start: FootprintStart;
  readonly anchors: Anchors;
  readonly known: Readonly<Record<string, string>>;
  readonly all: Readonly<Record<string, string>>;
  readonly points: readonly SeenPoint[];
  readonly varies: readonly string[];
  readonly whole: Digest;
}): Footprint {
  const { start, anchors, known, all, whole } = of;
  const late = Object.fromEntries(Object.entries(all).filter(([key]) => !Object.hasOwn(known, key)));
  const before = { ...start.before, ...late };
  const after = statesSince(
    before,
    of.points.map(({ at, objects }) => ({ at, objects: { ...objects, ...late } })),
  );
  const keys = new Set([before, ...after.map(({ changes }) => changes)].flatMap((one) => Object.keys(one)));
  const isVariable = (key: string): boolean => {
    const [kind, name] = splitKey(key);
    return variable.includes(kind) && of.varies.includes(splitName(name).join('.'));
  };
  return { format: 1, anchors, before, after, varies: [...keys].filter(isVariable).toSorted(compare), whole };
}
