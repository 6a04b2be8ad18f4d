/** The node type of a statement, e.g. `CreateStmt`. */
export function kindOf(tree: Readonly<Record<string, unknown>>): string {
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

/** A short name of a statement for people, with the relation that it names first: `UPDATE directus_fields`. */
export function titleOf(tree: Readonly<Record<string, unknown>>): string {
  const kind = kindOf(tree);
  const body = tree[kind] as
    | { relation?: { relname?: string }; idxname?: string; view?: { relname?: string } }
    | undefined;
  const verb =
    titles[kind] ??
    kind
      .replace(/Stmt$/, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toUpperCase();
  const name = body?.relation?.relname ?? body?.view?.relname ?? '';
  return name === '' ? verb : `${verb} ${name}`;
}

/** Says whether PostgreSQL runs a statement inside a transaction block. */
export function runsInTransaction(tree: Readonly<Record<string, unknown>>): boolean {
  const kind = kindOf(tree);
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
