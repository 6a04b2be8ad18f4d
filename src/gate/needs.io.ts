import { printable } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { isTouched, type Release } from '../release/index.ts';

/** What makes an object in a schema: the role needs CREATE there. */
const makes = [
  'CreateStmt',
  'CreateTableAsStmt',
  'ViewStmt',
  'IndexStmt',
  'CreateFunctionStmt',
  'CreateSeqStmt',
  'CompositeTypeStmt',
  'CreateEnumStmt',
  'CreateDomainStmt',
  'RenameStmt',
];
/** What only the owner of a table may do. */
const owns = ['AlterTableStmt', 'IndexStmt', 'CreateTrigStmt', 'RenameStmt', 'RuleStmt'];

/** A right that the role of a rollout lacks for a release, and the statement that gives it. */
export interface Lacking {
  readonly text: string;
  readonly fix: string;
}

/** The role that a rollout of a release has in a database, and the rights that it lacks there, as far as they show before the release runs. */
export interface Needs {
  readonly role: string;
  readonly lacking: readonly Lacking[];
}

/**
 * Pick<Session, 'query'> a database whether the role of a rollout may do what a release does: the gate's role, else `settings.role`, else the owner of the database.
 * A rehearsal runs as that role and finds all of it; this finds the usual at once.
 */
export async function findNeeds(
  reading: Pick<Session, 'query'>,
  release: Pick<Release, 'settings' | 'tiers' | 'touches'>,
): Promise<Needs> {
  const [who] = await reading.query<{ role: string; there: string }>(sql`
    with chosen as (select coalesce(
      (select pg_catalog.pg_get_userbyid(p.proowner)::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'gate' and p.proname = 'execute_step'), ${release.settings.role}::text,
      (select pg_catalog.pg_get_userbyid(d.datdba)::text from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())) as role)
    select role, exists (select from pg_catalog.pg_roles r where r.rolname = role)::text as there from chosen`);
  const role = who?.role ?? '';
  if (who?.there !== 'true')
    return {
      role,
      lacking: [{ text: `the role ${printable(role)} does not exist`, fix: 'correct settings.role in release.yaml' }],
    };
  const wanted = release.settings.role;
  if (wanted !== null && wanted !== role)
    return {
      role,
      lacking: [
        {
          text: printable(`settings.role is ${wanted}, but the gate runs ratified steps as ${role}`),
          fix: printable(`remove settings.role from release.yaml, or set it to ${role}`),
        },
      ],
    };
  const schemas = await lackingSchemas(reading, { role, release });
  return { role, lacking: [...schemas, ...(await lackingTables(reading, { role, release }))] };
}

interface Of {
  readonly role: string;
  readonly release: Pick<Release, 'settings' | 'tiers' | 'touches'>;
}

async function lackingSchemas(reading: Pick<Session, 'query'>, { role, release }: Of): Promise<readonly Lacking[]> {
  const steps = release.tiers.flatMap(({ up, down }) => [...up, ...down]);
  const create = steps.some(({ kind }) => makes.includes(kind));
  const rows = await reading.query<{ schema: string; name: string; usage: string; create: string }>(sql`
    select n.nspname as schema, pg_catalog.quote_ident(n.nspname) as name,
      pg_catalog.has_schema_privilege(${role}::name, n.oid, 'USAGE')::text as usage,
      pg_catalog.has_schema_privilege(${role}::name, n.oid, 'CREATE')::text as create
    from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate') order by 1`);
  const [me] = await reading.query<{ name: string }>(sql`select pg_catalog.quote_ident(${role}) as name`);
  const touched = rows.filter(({ schema }) =>
    release.touches.some((pattern) => isTouched([schema, ''], [schemaOf(pattern)])),
  );
  return touched.flatMap(({ name, ...may }) => {
    const lacks = [...(may.usage === 'true' ? [] : ['usage']), ...(create && may.create !== 'true' ? ['create'] : [])];
    if (lacks.length === 0) return [];
    const rights = lacks.join(', ');
    return [
      {
        text: printable(`${role}, the role of a rollout, lacks ${rights} on schema ${name}`),
        fix: `grant ${rights} on schema ${name} to ${me?.name ?? ''};`,
      },
    ];
  });
}

/** `app.*` of `app.orders`: the pattern of the schema alone, which any table of that schema meets. */
function schemaOf(pattern: string): string {
  return `${/^(?:"(?:[^"]|"")*"\*?|[^."]+)/.exec(pattern)?.[0] ?? ''}.*`;
}

async function lackingTables(reading: Pick<Session, 'query'>, { role, release }: Of): Promise<readonly Lacking[]> {
  const steps = release.tiers.flatMap(({ up, down }) => [...up, ...down]);
  const defined = steps.filter(({ kind }) => owns.includes(kind)).map(({ title }) => title);
  const rows = await reading.query<{
    schema: string;
    table: string;
    name: string;
    me: string;
    owner: string;
    write: string;
  }>(sql`
    select n.nspname as schema, c.relname as table, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, pg_catalog.quote_ident(${role}) as me,
      pg_catalog.pg_has_role(${role}::name, c.relowner, 'USAGE')::text as owner,
      pg_catalog.has_table_privilege(${role}::name, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')::text as write
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate') order by 3`);
  return rows
    .filter(({ schema, table, owner }) => owner !== 'true' && isTouched([schema, table], release.touches))
    .flatMap(({ table, name, me, write }) => {
      // a title ends with the name of the relation
      if (defined.some((title) => title.endsWith(` ${table}`)))
        return [
          {
            text: printable(
              `${role}, the role of a rollout, does not own table ${name}, and the release changes its definition`,
            ),
            fix: `alter table ${name} owner to ${me};`,
          },
        ];
      if (write === 'true') return [];
      return [
        {
          text: printable(`${role}, the role of a rollout, may not write to table ${name}`),
          fix: `grant select, insert, update, delete on table ${name} to ${me};`,
        },
      ];
    });
}
