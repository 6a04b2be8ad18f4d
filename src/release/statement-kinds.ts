/** The node type of a statement, e.g. `CreateStmt`. */
export function kindOfSql(tree: Readonly<Record<string, unknown>>): string {
  return Object.keys(tree)[0] ?? 'Empty';
}

/** The names of statements for people, where the node type does not tell by itself. */
const titles: Readonly<Record<string, string>> = {
  CreateStmt: 'CREATE TABLE',
  IndexStmt: 'CREATE INDEX',
  ViewStmt: 'CREATE VIEW',
  CreateTableAsStmt: 'CREATE TABLE AS',
  CreateFunctionStmt: 'CREATE FUNCTION',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreateSeqStmt: 'CREATE SEQUENCE',
  CreateSchemaStmt: 'CREATE SCHEMA',
  CreateEnumStmt: 'CREATE TYPE',
  CompositeTypeStmt: 'CREATE TYPE',
  CreateDomainStmt: 'CREATE DOMAIN',
  CreateExtensionStmt: 'CREATE EXTENSION',
  AlterTableStmt: 'ALTER TABLE',
  AlterEnumStmt: 'ALTER TYPE',
  RenameStmt: 'RENAME',
  DropStmt: 'DROP',
  TruncateStmt: 'TRUNCATE',
  CommentStmt: 'COMMENT',
  GrantStmt: 'GRANT',
  RuleStmt: 'CREATE RULE',
  DoStmt: 'DO',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  SelectStmt: 'SELECT',
  VacuumStmt: 'VACUUM',
  ReindexStmt: 'REINDEX',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
};

/** A list of names in a tree: `schema.name` as its parts. */
type Names = readonly { readonly String?: { readonly sval?: string } }[];

/** What a statement may name, by the fields of PostgreSQL's trees. */
interface Named {
  readonly relation?: { readonly relname?: string };
  readonly table?: { readonly relname?: string };
  readonly view?: { readonly relname?: string };
  readonly sequence?: { readonly relname?: string };
  readonly typevar?: { readonly relname?: string };
  readonly idxname?: string;
  readonly trigname?: string;
  readonly policy_name?: string;
  readonly schemaname?: string;
  readonly extname?: string;
  readonly typeName?: Names | object;
  readonly domainname?: Names;
  readonly funcname?: Names;
  readonly relations?: readonly { readonly RangeVar?: { readonly relname?: string } }[];
  readonly removeType?: string;
  readonly objects?: readonly {
    readonly List?: { readonly items?: Names };
    readonly String?: { readonly sval?: string };
    readonly TypeName?: { readonly names?: Names };
    readonly ObjectWithArgs?: { readonly objname?: Names };
  }[];
}

/** A short name of a statement for people, with what it names first: `UPDATE directus_fields`, `CREATE INDEX i ON t`, `DROP TYPE colour`. */
export function titleOf(tree: Readonly<Record<string, unknown>>): string {
  const kind = kindOfSql(tree);
  const body = (tree[kind] ?? {}) as Named;
  const verb =
    titles[kind] ??
    kind
      .replace(/Stmt$/, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toUpperCase();
  const what = body.removeType === undefined ? '' : body.removeType.replace(/^OBJECT_/, '').replaceAll('_', ' ');
  return [verb, what === 'MATVIEW' ? 'MATERIALIZED VIEW' : what, ...namesIn(kind, body)]
    .filter((part) => part !== '')
    .join(' ');
}

function namesIn(kind: string, body: Named): readonly string[] {
  const on = body.relation?.relname ?? body.table?.relname ?? '';
  if (['IndexStmt', 'CreateTrigStmt', 'CreatePolicyStmt'].includes(kind))
    return [body.idxname ?? body.trigname ?? body.policy_name ?? '', 'ON', on];
  const several =
    body.relations?.map(({ RangeVar }) => RangeVar?.relname ?? '') ??
    (kind === 'DropStmt' ? body.objects : undefined)?.map((one) =>
      lastOf(one.List?.items ?? one.TypeName?.names ?? one.ObjectWithArgs?.objname ?? (one.String ? [one] : [])),
    );
  if (several !== undefined) return [several[0] ?? '', several.length > 1 ? `and ${several.length - 1} more` : ''];
  const { typeName } = body;
  const named =
    body.view?.relname ?? body.sequence?.relname ?? body.typevar?.relname ?? body.schemaname ?? body.extname;
  const names = body.domainname ?? body.funcname ?? (Array.isArray(typeName) ? (typeName as Names) : []);
  return [on || named || lastOf(names)];
}

/** The name itself, without what it is in. */
function lastOf(names: Names): string {
  return names.at(-1)?.String?.sval ?? '';
}

/** Says whether PostgreSQL runs a statement inside a transaction block. */
export function runsInTransaction(tree: Readonly<Record<string, unknown>>): boolean {
  const kind = kindOfSql(tree);
  const body = (tree[kind] ?? {}) as { concurrent?: boolean; params?: unknown; removeType?: string; cmds?: unknown };
  switch (kind) {
    case 'IndexStmt':
    case 'DropStmt':
      return body.concurrent !== true;
    case 'VacuumStmt':
      // ANALYZE is the same node and may run inside
      return (body as { is_vacuumcmd?: boolean }).is_vacuumcmd !== true;
    case 'ClusterStmt':
      // of all tables that were clustered before
      return 'relation' in body;
    case 'ReindexStmt':
      return (
        !JSON.stringify(body).includes('"concurrently"') &&
        !/REINDEX_OBJECT_(SCHEMA|SYSTEM|DATABASE)/.test(JSON.stringify(body))
      );
    case 'AlterTableStmt':
      return !JSON.stringify(body.cmds ?? '').includes('"concurrent":true');
    case 'CreatedbStmt':
    case 'DropdbStmt':
    case 'AlterSystemStmt':
    case 'CreateTableSpaceStmt':
    case 'DropTableSpaceStmt':
      return false;
    default:
      return true;
  }
}
