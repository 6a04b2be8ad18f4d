import { type Connection, fixed, id, openSession, type Session, type Sql, sql } from '../../database/index.ts';

interface Relation {
  readonly schema: string;
  readonly table: string;
}

/**
 * Names the columns of one relation whose values differ between two databases, each column by itself as a multiset. Where the rows without
 * them still differ, they do in what is beside what: then the columns are named, too, without which they would be equal; of several
 * those that a sequence gives, where there are such.
 *
 * Shape   columns that one side lacks are not named, nor those of `except`, which are taken for equal.
 */
export async function differingColumns(
  before: Connection,
  after: Connection,
  relation: Relation & { readonly except?: ReadonlySet<string> },
): Promise<readonly string[]> {
  const sessions = await Promise.all(
    [before, after].map((side) => openSession(side, { applicationName: 'oneroof proof' })),
  );
  const look = async (except: ReadonlySet<string>): Promise<Seen> => {
    const [was, is] = await Promise.all(sessions.map((session) => sumsOf(session, relation, except)));
    const common = Object.keys(was ?? {}).filter((column) => is?.[column] !== undefined);
    const without = common.filter((column) => was?.[column]?.without === is?.[column]?.without);
    const drawn = without.filter((column) => was?.[column]?.isDrawn === true);
    return {
      alone: common.filter((column) => was?.[column]?.alone !== is?.[column]?.alone),
      without: drawn.length > 0 ? drawn : without,
      isEqual: common.every((column) => was?.[column]?.all === is?.[column]?.all),
    };
  };
  try {
    const { except = new Set<string>() } = relation;
    const { alone, without } = await look(except);
    if (alone.length === 0) return without;
    const rest = await look(new Set([...except, ...alone]));
    return rest.isEqual ? alone : [...alone, ...rest.without];
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** The columns that differ by themselves, and those without which the rows are equal. */
interface Seen {
  readonly alone: readonly string[];
  readonly without: readonly string[];
  readonly isEqual: boolean;
}

/** Of the values of one column, of the rows without it, and of the rows. */
interface Sums {
  readonly alone: string;
  readonly without: string;
  readonly all: string;
  /** A sequence gives its values. */
  readonly isDrawn: boolean;
}

async function sumsOf(
  session: Session,
  relation: Relation,
  except: ReadonlySet<string>,
): Promise<Readonly<Record<string, Sums>>> {
  const { schema, table } = relation;
  const columns = await session.query<{ name: string; drawn: string }>(sql`
    select attname as name, (attidentity <> '' or exists (select from pg_attrdef d where d.adrelid = attrelid and d.adnum = attnum
      and pg_get_expr(d.adbin, d.adrelid) like '%nextval(%'))::text as drawn
    from pg_attribute where attnum > 0 and not attisdropped
      and attrelid = (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema} and c.relname = ${table})
    order by attname collate "C"`);
  const counted = columns.filter(({ name }) => !except.has(name));
  const names = counted.map(({ name }) => name);
  if (names.length === 0) return {};
  const sum = (some: readonly string[]): Sql =>
    sql`sum(hashtextextended(row(${fixed(some.map((name) => id('t', name).text).join(', '))})::text collate "C", 0))::text`;
  const members = names
    .map((name) => sql`${sum([name])}, ${sum(names.filter((other) => other !== name))}`)
    .reduce((all, next) => sql`${all}, ${next}`);
  const [row] = await session.query<{ sums: string }>(
    sql`select array_to_json(array[${sum(names)}, ${members}])::text as sums from only ${id(schema, table)} t`,
  );
  const [all, ...list] = JSON.parse(row?.sums ?? '[]') as (string | null)[];
  return Object.fromEntries(
    counted.map(({ name, drawn }, at) => [
      name,
      { alone: list[at * 2] ?? '', without: list[at * 2 + 1] ?? '', all: all ?? '', isDrawn: drawn === 'true' },
    ]),
  );
}
