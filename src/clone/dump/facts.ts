import { fixed, id, literal, type Sql, sql } from '../../database/index.ts';
import { type SourceIdentity } from '../clone.ts';

/** A role of production, without its password: no one may read that, and no clone needs it. */
export interface CopiedRole {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  /** As `name=value`, those of the role in all databases. */
  readonly settings: readonly string[];
}

/** One role in another. */
export interface MembershipFacts {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  /** Null before 16. */
  readonly inherit: boolean | null;
  readonly set: boolean | null;
}

/** How a database was created. */
export interface DatabaseFacts {
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` libc, `i` ICU, `b` built in; null before 15. */
  readonly provider: string | null;
  readonly locale: string | null;
  readonly rules: string | null;
  /** Of the collation, where the server knows one. */
  readonly collationVersion: string | null;
}

/** A table whose rows are copied. */
export interface TableFacts {
  /** Quoted as in SQL. */
  readonly name: string;
  /** Quoted, without generated ones; empty where there is none. */
  readonly columns: readonly string[];
  /** The same as they are asked for, so that their text says all of them. */
  readonly values: readonly string[];
  readonly bytes: number;
  readonly pages: number;
  /** Its rows can be asked for by page. */
  readonly heap: boolean;
  readonly unlogged: boolean;
  /** Which rows of an extension's table are the user's, as WHERE; null: all. */
  readonly condition: string | null;
  /** The columns of its primary key, quoted; empty where there is none. */
  readonly key: readonly string[];
  /** The partitioned tables that it is a partition of, the nearest first. */
  readonly ancestors: readonly string[];
  /** How many rows it has, as the catalogue estimates; null: no one has counted. */
  readonly rows: number | null;
}

/** An extension of production. */
export interface ExtensionFacts {
  readonly name: string;
  readonly version: string;
}

/** The sequence of an identity column that has another type than the column, which pg_dump does not write. */
export interface IdentityFacts {
  /** Schema and name of the sequence. */
  readonly sequence: readonly [string, string];
  /** SQL: what creates it. */
  readonly statements: readonly string[];
}

/** What is known of production before it is copied. */
export interface DumpSource {
  readonly identity: SourceIdentity;
  readonly isStandby: boolean;
  /** The superuser that initdb made. */
  readonly superuser: string;
  readonly database: DatabaseFacts;
  readonly roles: readonly CopiedRole[];
  readonly memberships: readonly MembershipFacts[];
  readonly extensions: readonly ExtensionFacts[];
  readonly identities: readonly IdentityFacts[];
  readonly tablespaces: readonly string[];
}

/** SQL: the roles of production on a new server, each made by name even where the server hides what it may do. */
export function roleStatements(of: Pick<DumpSource, 'roles' | 'memberships' | 'superuser'>): readonly Sql[] {
  const roles = of.roles.filter(({ name }) => name !== of.superuser);
  const word = (is: boolean, name: string): string => (is ? name : `no${name}`);
  return [
    ...roles.map((role) => {
      const words = [
        word(role.superuser, 'superuser'),
        word(role.inherit, 'inherit'),
        word(role.createRole, 'createrole'),
        word(role.createDatabase, 'createdb'),
        word(role.login, 'login'),
        word(role.replication, 'replication'),
        word(role.bypassRls, 'bypassrls'),
      ].join(' ');
      return sql`create role ${id(role.name)} ${fixed(words)} connection limit ${fixed(String(role.connectionLimit))}`;
    }),
    ...of.roles.flatMap(({ name, settings }) =>
      settings.map((one) => settingStatement(sql`alter role ${id(name)}`, one)),
    ),
    ...of.memberships.map(({ role, member, admin, inherit, set }) => {
      const options = [
        ...(admin ? ['admin option'] : []),
        ...(inherit === null ? [] : [`inherit ${inherit}`]),
        ...(set === null ? [] : [`set ${set}`]),
      ];
      // before 16 there is one option, which has no value
      const given = inherit === null ? options.join('') : options.join(', ').replace('admin option', 'admin true');
      return sql`grant ${id(role)} to ${id(member)} ${fixed(given === '' ? '' : `with ${given}`)}`;
    }),
  ];
}

/** SQL: a setting as the catalogue has it, `name=value`. */
export function settingStatement(whose: Sql, setting: string): Sql {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  // the server stored a list as quoted names: given as one literal it would become one name
  const list = /^("([^"]|"")*"|\w+)(, *("([^"]|"")*"|\w+))+$/.test(value) || /^"([^"]|"")*"$/.test(value);
  return sql`${whose} set ${id(...name.split('.'))} = ${list ? fixed(value) : literal(value)}`;
}

/** SQL: an empty database like another one. */
export function databaseStatement(name: string, of: DatabaseFacts): Sql {
  const parts = [
    sql`create database ${id(name)} template template0 encoding ${literal(of.encoding)} lc_collate ${literal(of.collate)} lc_ctype ${literal(of.ctype)} owner ${id(of.owner)}`,
    ...(of.provider === null
      ? []
      : [sql`locale_provider ${fixed({ c: 'libc', i: 'icu', b: 'builtin' }[of.provider] ?? 'libc')}`]),
    ...(of.provider === 'i' && of.locale !== null ? [sql`icu_locale ${literal(of.locale)}`] : []),
    ...(of.provider === 'i' && of.rules !== null ? [sql`icu_rules ${literal(of.rules)}`] : []),
    ...(of.provider === 'b' && of.locale !== null ? [sql`builtin_locale ${literal(of.locale)}`] : []),
  ];
  return parts.reduce((all, part) => sql`${all} ${part}`);
}

/** One COPY: a table, or a range of its pages. */
export interface CopyPiece {
  readonly table: TableFacts;
  /** Pages, the last one open; null: the whole table. */
  readonly range: { readonly from: number; readonly to: number | null } | null;
  readonly bytes: number;
  /** SQL over `t`: only these rows; null: all. */
  readonly only: string | null;
}

/** A larger table is copied in ranges: one stream would have it alone at the end. */
const largest = 64 * 1024 * 1024;

/** Divides tables into copies, the largest first. */
export function copyPieces(
  tables: readonly TableFacts[],
  chosen: ReadonlyMap<string, string> = new Map(),
): readonly CopyPiece[] {
  const pieces = tables.flatMap((table): CopyPiece[] => {
    const only = chosen.get(table.name) ?? null;
    const count = table.heap ? Math.ceil(table.bytes / largest) : 1;
    if (count < 2 || table.pages < count) return [{ table, range: null, bytes: table.bytes, only }];
    const pages = Math.ceil(table.pages / count);
    return Array.from({ length: count }, (_, at) => ({
      table,
      range: { from: at * pages, to: at === count - 1 ? null : (at + 1) * pages },
      bytes: table.bytes / count,
      only,
    }));
  });
  return pieces.toSorted((a, b) => b.bytes - a.bytes);
}

/** SQL of one copy: the query for production, and the command for the clone server. */
export function copyTexts({ table, range, only }: CopyPiece): { readonly out: string; readonly into: string } {
  const columns = table.columns.join(', ');
  const list = columns === '' ? '' : `(${columns})`;
  const where = [
    ...(table.condition === null ? [] : [table.condition.replace(/^\s*where\s+/i, '')]),
    ...(range === null ? [] : [`ctid >= '(${range.from},0)'`]),
    ...(range === null || range.to === null ? [] : [`ctid < '(${range.to},0)'`]),
    ...(only === null ? [] : [only]),
  ];
  const values = table.values.join(', ');
  const isPlain = where.length === 0 && values === columns;
  const rows = `(select ${values} from only ${table.name}${only === null ? '' : ' t'}${where.length === 0 ? '' : ` where ${where.map((one) => `(${one})`).join(' and ')}`})`;
  // frozen rows need no second writing; only the transaction that empties the table may write them so
  const freeze = range === null ? ' with (freeze)' : '';
  return {
    out: `copy ${isPlain ? `${table.name} ${list}` : rows} to stdout`,
    into: `copy ${table.name} ${list} from stdin${freeze}`,
  };
}
