import { type Json } from '../../core/index.ts';
import { type SchemaObject } from '../fingerprint.ts';

/** An object, and the catalogue row that it is made from: `catalogue OID`. */
export interface KeyedObject extends SchemaObject {
  readonly key: string;
}

/**
 * The objects of a copy whose definition may differ from the original's, on both sides. All others are made from equal rows of the catalogues, so
 * they are equal.
 */
export interface SchemaDelta {
  /** Of the objects that were read; null where all were. */
  readonly keys: ReadonlySet<string> | null;
  readonly objects: readonly KeyedObject[];
  readonly originals: readonly KeyedObject[];
  /** Whether a row that initdb made differs. */
  readonly system: boolean;
}

/** The schemas of two copies of one original, as far as they may differ from each other. */
export function sidesOf(one: SchemaDelta, other: SchemaDelta): readonly [KeyedObject[], KeyedObject[]] {
  return [sideOf(one, other), sideOf(other, one)];
}

function sideOf({ keys, objects }: SchemaDelta, other: SchemaDelta): KeyedObject[] {
  // what the other copy changed and this one did not is as in the original
  return keys === null ? [...objects] : [...objects, ...other.originals.filter(({ key }) => !keys.has(key))];
}

/** A row of a catalogue. */
export interface CatalogRow {
  readonly catalog: string;
  readonly key: string;
  readonly concerns: readonly string[];
  readonly row: string;
}

/** What rows that differ say of the objects. */
export interface Concerned {
  /** Objects whose definition is made from such a row. */
  readonly keys: Set<string>;
  /** Those of them whose name or shape others may show. */
  readonly loud: Set<string>;
  /** Rows that initdb made are among them, or names that all others are written by: no object can be left out. */
  readonly system: boolean;
}

/** Columns that no definition but the object's own shows. */
const quiet =
  /^(.*(acl|owner)|rel(natts|checks|has.*|replident|rowsecurity|forcerowsecurity|options|ispopulated|toastrelid|tablespace|persistence|am)|pro(src|bin|cost|rows|volatile|parallel|leakproof|secdef|isstrict|config|support)|att(stattarget|storage|compression|options|fdwoptions|hasdef|notnull|islocal|inhcount|hasmissing|missingval|identity))$/;

/** Rows that are part of an object which others show: a column, a label of an enum. */
const parts = ['pg_catalog.pg_attribute', 'pg_catalog.pg_enum'];

/** Says of which objects rows tell that differ between two copies, given by what tells them apart. */
export function concernedBy(before: readonly CatalogRow[], after: readonly CatalogRow[]): Concerned {
  const keys = new Set<string>();
  const loud = new Set<string>();
  let system = false;
  const rowsBefore = new Map(before.map((row) => [`${row.catalog} ${row.key}`, row]));
  const rowsAfter = new Map(after.map((row) => [`${row.catalog} ${row.key}`, row]));
  for (const name of new Set([...rowsBefore.keys(), ...rowsAfter.keys()])) {
    const [was, is] = [rowsBefore.get(name), rowsAfter.get(name)];
    if (was?.row === is?.row) continue;
    const both = [was, is].filter((one) => one !== undefined);
    const concerns = both.flatMap((one) => one.concerns);
    for (const key of concerns) keys.add(key);
    if (both.some(isSystem)) system = true;
    if (isLoud(was, is)) for (const key of concerns) loud.add(key);
  }
  return { keys, loud, system };
}

function isLoud(was: CatalogRow | undefined, is: CatalogRow | undefined): boolean {
  // who shows an object that came or went came or went with it, or was written again
  if (was === undefined || is === undefined) return parts.includes((was ?? is)?.catalog ?? '');
  const [before, after] = [was.row, is.row].map((row) => JSON.parse(row) as Readonly<Record<string, Json>>);
  return Object.keys(before ?? {}).some(
    (column) => !quiet.test(column) && JSON.stringify(before?.[column]) !== JSON.stringify(after?.[column]),
  );
}

const firstOwn = 16_384;

/** Numbered by initdb, and compared like the user's own all the same. */
const ownAnyway = (key: string): boolean =>
  key === 'pg_namespace 2200' || key.startsWith('pg_extension ') || key.startsWith('pg_largeobject ');

function isSystem({ catalog, concerns, row }: CatalogRow): boolean {
  // a dependency names its object, which rarely changes
  if (catalog === 'pg_catalog.pg_depend') return false;
  if (concerns.length === 0) return true;
  const [own = ''] = concerns;
  const oid = Number(own.slice(own.indexOf(' ') + 1));
  // changes of schema public by users are among the rows that the whole reading covers
  const isOwn = ownAnyway(own) && !(catalog === 'pg_catalog.pg_description' && own === 'pg_namespace 2200');
  return (oid < firstOwn && oid > 0 && !isOwn) || inCatalog.test(row);
}

/** A name that is written without its schema, so that others may be written with theirs from now on. */
const inCatalog = /"(?:rel|pro|typ|opr|opc|opf|coll|con|cfg|dict|prs|tmpl|stx)namespace": 11[,}]/;
