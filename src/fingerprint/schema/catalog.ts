/** What the text of a query depends on. */
export interface CatalogReader {
  /** `server_version_num`, e.g. 180004. */
  readonly version: number;
  /** Whether this role may read the connection strings of subscriptions; PostgreSQL refuses the whole statement otherwise. */
  readonly conninfo: 'readable' | 'hidden';
}

/** What lists the objects of one kind, as rows of kind, name, logical and strict properties. */
export interface Listing {
  readonly text: string;
  /** The same with the class and OID of each object's own catalogue row, so that some can be asked for; null where there is no such row. */
  readonly keyed: { readonly class: string; readonly text: string } | null;
  /** The same as rows of kind, name and `logical`, with what counts besides where whole schemas are compared by name. */
  readonly listed: string;
}

/** A query over one kind of object; null where this version has no such kind. */
export type CatalogQuery = (reader: CatalogReader) => Listing | null;

/** Properties by name, each with the SQL that reads it. */
type Properties = Readonly<Record<string, string>>;

/**
 * Lists one row for each object of a kind.
 *
 * Shape   `kind` is a word, or SQL where it starts with `case`; `key` is a catalogue, or SQL with the OID of one, and the OID of a row there; every
 *         other part is SQL. `listed` are logical properties that a proof does not ask for: what was rolled back may differ in them.
 */
export function objects(of: {
  readonly kind: string;
  readonly key: readonly [catalog: string, oid: string];
  readonly name: string;
  readonly logical: Properties;
  readonly strict?: Properties;
  readonly listed?: Properties;
  readonly from: string;
}): Listing {
  const kind = of.kind.startsWith('case ') ? of.kind : `'${of.kind}'`;
  const [catalog, oid] = of.key;
  const columns = `select ${kind} as kind, ${of.name} as name, ${properties(of.logical)} as logical, ${properties(of.strict ?? {})} as strict`;
  const owner = catalog.includes('.') ? catalog : `'${catalog}'::regclass`;
  return {
    text: `${columns}\nfrom ${of.from}`,
    listed: `select ${kind} as kind, ${of.name} as name, ${properties({ ...of.logical, ...of.listed })} as logical\nfrom ${of.from}`,
    keyed: { class: catalog, text: `${columns}, ${owner}::oid as class, ${oid} as oid\nfrom ${of.from}` },
  };
}

/** SQL: a jsonb object. */
export function properties(of: Properties): string {
  return `jsonb_build_object(${Object.entries(of)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(',\n  ')})`;
}

/** SQL: the object was not made by initdb. */
export function own(oid: string): string {
  return `${oid} >= 16384`;
}

/** SQL: the namespace n is neither of temporary objects nor of TOAST tables. */
export const lasting = `n.nspname !~ '^pg_(toast|temp_)'`;

/** SQL: the name of a row of a catalogue that has schemas, with the schema as n. */
export function qualified(name: string): string {
  return `format('%I.%I', n.nspname, ${name})`;
}

/**
 * SQL: the privileges as a sorted list of words, with the built-in defaults filled in, so that neither order nor NULL matters.
 *
 * Source  PostgreSQL manual, "Privileges", acldefault.
 */
export function acl(of: { readonly column: string; readonly type: string; readonly owner: string }): string {
  return explode(`coalesce(${of.column}, acldefault('${of.type}', ${of.owner}))`);
}

/** SQL: the same for privileges that have no defaults. */
export function explode(column: string): string {
  return `(select coalesce(jsonb_agg(x.w order by x.w collate "C"), '[]') from (select concat_ws(' ', e.privilege_type, 'to',
    case when e.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(e.grantee)) end,
    case when e.is_grantable then 'with grant option' end, 'by', quote_ident(pg_get_userbyid(e.grantor))) as w
    from aclexplode(${column}) e) x)`;
}

/** SQL: a text array as a sorted list; NULL is the empty list. */
export function sorted(array: string): string {
  return `(select coalesce(jsonb_agg(o order by o collate "C"), '[]') from unnest(${array}) o)`;
}

/**
 * SQL: a list of `name=value` options with each value hashed, sorted; NULL is the empty list. Values may be credentials, and
 * differences reach evidence and reports.
 */
export function hashedOptions(array: string): string {
  const value = sha256(`substr(o, strpos(o, '=') + 1)`);
  return sorted(`array(select split_part(o, '=', 1) || '=sha256:' || ${value} from unnest(${array}) o)`);
}

/** SQL: the SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  return `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
}

/** SQL: the comment on a whole object. */
export function comment(catalog: string, oid: string): string {
  return `obj_description(${oid}, '${catalog}')`;
}

/** SQL: a role's name. */
export function role(oid: string): string {
  return `pg_get_userbyid(${oid})`;
}

/** SQL: the owner, which counts for an object of initdb's only once it is not the bootstrap superuser, whose name is the server's. */
export function ownerOf(alias: string, column: string): string {
  return `case when ${own(`${alias}.oid`)} or ${alias}.${column} <> 10 then ${role(`${alias}.${column}`)} end`;
}

/** SQL: the qualified name of a relation by OID. */
export function relation(oid: string): string {
  return `(select format('%I.%I', rn.nspname, rc.relname) from pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace where rc.oid = ${oid})`;
}

/** SQL: a function with the types of its arguments, because regproc does not tell overloads apart; null for none. */
export function routine(oid: string): string {
  return `nullif(${oid}::oid, 0)::regprocedure::text`;
}

/** SQL: an operator with the types of its arguments; null for none. */
export function operator(oid: string): string {
  return `nullif(${oid}::oid, 0)::regoperator::text`;
}

/** SQL: operators with the types of their arguments, in the array's order. */
export function operators(array: string): string {
  return `(select jsonb_agg(o::regoperator::text order by at) from unnest(${array}) with ordinality u(o, at))`;
}

/** SQL: a type's name; null for none. */
export function type(oid: string): string {
  return `format_type(nullif(${oid}, 0), null)`;
}

/** SQL: the qualified name of a collation, an operator class or an operator family; null for none. */
export function named(of: 'collation' | 'opclass' | 'opfamily', oid: string): string {
  const prefix = { collation: 'coll', opclass: 'opc', opfamily: 'opf' }[of];
  const method = of === 'collation' ? `''` : `' using ' || (select amname from pg_am where oid = nx.${prefix}method)`;
  return `(select format('%I.%I', nn.nspname, nx.${prefix}name) || ${method} from pg_${of} nx join pg_namespace nn on nn.oid = nx.${prefix}namespace where nx.oid = ${oid})`;
}
