import { type Parser, type Statement } from '../release/index.ts';
import { type Migration, type ToolName } from './migration.ts';
import { type LoggedStatement } from './recorded-log.ts';

type Node = Statement['tree'];

/** A tool whose migrations are programs, and how it records that one ran. */
interface RecordedTool {
  readonly tool: ToolName;
  readonly table: string;
  /** Columns that name a migration, joined by a dot. */
  readonly named: readonly string[];
  /** Other tables of the tool itself. */
  readonly own?: readonly string[];
}

/**
 * Source  knex, lib/migrations/migrate; typeorm, src/migration/MigrationExecutor.ts; mikro-orm, packages/migrations; umzug, storage/sequelize.ts;
 *         node-pg-migrate, src/runner.ts; alembic, runtime/migration.py; django, db/migrations/recorder.py; rails, active_record/schema_migration.rb.
 */
export const recordedTools: readonly RecordedTool[] = [
  { tool: 'knex', table: 'knex_migrations', named: ['name'], own: ['knex_migrations_lock'] },
  { tool: 'knex', table: 'directus_migrations', named: ['version'] },
  { tool: 'typeorm', table: 'migrations', named: ['name'], own: ['typeorm_metadata'] },
  { tool: 'mikro-orm', table: 'mikro_orm_migrations', named: ['name'] },
  { tool: 'sequelize', table: 'SequelizeMeta', named: ['name'] },
  { tool: 'node-pg-migrate', table: 'pgmigrations', named: ['name'] },
  { tool: 'alembic', table: 'alembic_version', named: ['version_num'] },
  { tool: 'django', table: 'django_migrations', named: ['app', 'name'] },
  { tool: 'rails', table: 'schema_migrations', named: ['version'], own: ['ar_internal_metadata'] },
];

/** The SQL of one run of a migration. */
export interface RecordedScript {
  readonly name: string;
  readonly statements: readonly LoggedStatement[];
}

/** What a tool did in one direction, cut at the rows that it writes into its own history. */
export interface Recorded {
  /** null: no history that is known was written. */
  readonly tool: ToolName | null;
  readonly runs: readonly RecordedScript[];
  /** Statements after the last migration: they belong to none. */
  readonly left: number;
}

/** Forward a tool adds rows to its history, back it removes them. */
type Direction = 'forward' | 'back';

/**
 * Cuts what a tool ran into migrations: the row that it writes into its history, or removes from it, ends one. What it reads, and what it does to its own
 * tables, is left out.
 */
export function recordedRuns(
  parser: Parser,
  { statements, direction }: { readonly statements: readonly LoggedStatement[]; readonly direction: Direction },
): Recorded {
  const runs: RecordedScript[] = [];
  let tool: ToolName | null = null;
  let own: LoggedStatement[] = [];
  for (const logged of statements) {
    const tree = parser.tryParse(logged.sql)?.[0]?.tree;
    const known = tree === undefined ? undefined : recordedTools.find((one) => names(tree, one));
    if (tree === undefined || known === undefined) {
      if (tree === undefined || !isReading(tree)) own.push(logged);
      continue;
    }
    const name = endOf(parser, { sql: logged.sql, tree }, { ...known, direction });
    if (name === null) continue;
    tool = known.tool;
    runs.push({ name, statements: own });
    own = [];
  }
  return { tool, runs, left: own.length };
}

/** Says whether there is anything but questions and work on tables of the tool itself: a migration that did not end, perhaps. */
export function hasWork(parser: Parser, texts: readonly string[]): boolean {
  return texts.some((text) => {
    const statements = parser.tryParse(text);
    return (
      statements === null ||
      statements.some(
        ({ tree }) =>
          !idle.has(Object.keys(tree)[0] ?? '') && !isReading(tree) && !recordedTools.some((one) => names(tree, one)),
      )
    );
  });
}

/** What a session says before and after its work. */
const idle: ReadonlySet<string> = new Set(['TransactionStmt', 'VariableSetStmt']);

/** Whether a statement is about a table of the tool itself. */
function names(tree: Node, { table, own = [] }: RecordedTool): boolean {
  const relations = collect(tree, 'RangeVar').concat(relationsOf(tree));
  return relations.some(({ relname }) => relname === table || own.includes(String(relname)));
}

/** INSERT, UPDATE and DELETE have their relation without a tag around it. */
function relationsOf(tree: Node): readonly Record<string, unknown>[] {
  return Object.values(tree).flatMap((statement) => {
    const relation = (statement as { readonly relation?: Record<string, unknown> } | null)?.relation;
    return relation === undefined ? [] : [relation];
  });
}

/** The migration that a statement on the history says to have run; null: it says none. */
function endOf(
  parser: Parser,
  { sql, tree }: { readonly sql: string; readonly tree: Node },
  { table, named, direction }: RecordedTool & { readonly direction: Direction },
): string | null {
  const [kind = '', statement] = Object.entries(tree)[0] ?? [];
  if (relationsOf(tree)[0]?.['relname'] !== table) return null;
  const of = statement as Record<string, unknown>;
  if (kind === 'DeleteStmt') return direction === 'back' ? whereOf(of['whereClause'], named) : null;
  if (kind === 'UpdateStmt') {
    // Alembic keeps the newest revision alone, and writes another in its place
    if (direction === 'back') return whereOf(of['whereClause'], named);
    const target = collect(of['targetList'], 'ResTarget').find(({ name }) => name === named[0]);
    return constants(target?.['val'])[0] ?? null;
  }
  if (kind !== 'InsertStmt' || direction === 'back') return null;
  const columns = collect(of['cols'], 'ResTarget').map(({ name }) => String(name));
  const values = firstRow(parser, sql);
  return named.map((column) => values[columns.indexOf(column)] ?? '').join('.');
}

/** The literals of the first row of VALUES, which the tree leaves out; empty for what is none. */
function firstRow(parser: Parser, sql: string): readonly string[] {
  const pieces = parser.pieces(sql).filter(({ kind, text }) => kind !== 'comment' && text.trim() !== '');
  const at = pieces.findIndex(({ kind, text }) => kind === 'keyword' && text.toLowerCase() === 'values');
  const values: string[] = [''];
  let depth = 0;
  for (const { kind, text } of pieces.slice(at + 1)) {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (depth === 0) break;
    if (text === ',' && depth === 1) values.push('');
    else if (kind === 'string') values[values.length - 1] = textOf(text);
    else if (kind === 'number') values[values.length - 1] = text;
  }
  return values;
}

/** The value of a literal as its log has it. */
function textOf(literal: string): string {
  const text = literal.replace(/^E?'/i, '').replace(/'$/, '').replaceAll("''", "'");
  return /^E/i.test(literal) ? text.replaceAll('\\\\', '\\') : text;
}

/** The values that a condition compares the naming columns with, in their order. */
function whereOf(where: unknown, named: readonly string[]): string | null {
  const compared = collect(where, 'A_Expr').flatMap((one) => {
    const column = collect(one['lexpr'], 'ColumnRef').flatMap((reference) => strings(reference['fields']));
    const [value] = constants(one['rexpr']);
    return value === undefined ? [] : [{ column: column.at(-1) ?? '', value }];
  });
  const values = named.map((name) => compared.find(({ column }) => column === name)?.value);
  return values.includes(undefined) ? null : values.join('.');
}

/** Every node of a kind, at any depth. */
function collect(node: unknown, kind: string): Record<string, unknown>[] {
  if (Array.isArray(node)) return node.flatMap((one) => collect(one, kind));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => [
    ...(key === kind ? [value as Record<string, unknown>] : []),
    ...collect(value, kind),
  ]);
}

const strings = (node: unknown): readonly string[] => collect(node, 'String').map(({ sval }) => String(sval));

function constants(node: unknown): readonly string[] {
  return collect(node, 'A_Const').map((one) => {
    const { sval, ival, fval } = one as Record<string, Record<string, unknown> | undefined>;
    return String(sval?.['sval'] ?? ival?.['ival'] ?? fval?.['fval'] ?? '');
  });
}

/** Functions of the server that change nothing but locks, which a run of the SQL alone does not need. */
const readers =
  /^(?:pg_(?:(?:try_)?advisory_\w+|get_\w+|table_is_visible|type_is_visible|is_in_recovery|backend_pid|encoding_to_char|relation_size|total_relation_size|database_size|size_pretty|sleep)|has_\w+_privilege|(?:array|string|json|jsonb)_agg|jsonb?_build_\w+|array_(?:to_string|position|length|lower|upper)|to_regclass|to_char|current_(?:schema|schemas|database|setting)|quote_(?:ident|literal)|format|format_type|obj_description|col_description|version|count|min|max|sum|now|unnest|lower|upper|length|replace|substring|bool_(?:and|or)|row_number|generate_(?:series|subscripts)|row_to_json|concat)$/;

/** A function of a schema of the application can have any name and do anything. */
const isOfServer = (name: readonly string[]): boolean =>
  (name.length === 1 || name[0] === 'pg_catalog') && readers.test(name.at(-1) ?? '');

/** A question: it has no part in what the migration does. */
function isReading(tree: Node): boolean {
  const [kind = ''] = Object.keys(tree);
  if (['VariableShowStmt', 'ExplainStmt', 'FetchStmt', 'DeallocateStmt', 'DiscardStmt', 'ListenStmt'].includes(kind))
    return true;
  if (kind !== 'SelectStmt') return false;
  if (collect(tree, 'IntoClause').length + collect(tree, 'intoClause').length > 0) return false;
  if (['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((one) => collect(tree, one).length > 0))
    return false;
  return collect(tree, 'FuncCall').every((call) => isOfServer(strings(call['funcname'])));
}

/** Migrations of what was recorded: the last down of a name is its down. `fileOf`: the file of a migration by its name. */
export function recordedMigrations(
  recorded: { readonly ups: readonly RecordedScript[]; readonly downs: readonly RecordedScript[] },
  fileOf: (name: string) => string,
): readonly Migration[] {
  return recorded.ups.map((up) => {
    const down = recorded.downs.findLast(({ name }) => name === up.name);
    const script = ({ statements }: RecordedScript): Migration['up'] => ({
      file: fileOf(up.name),
      line: 1,
      text: statements.map(({ sql }) => `${sql};\n`).join(''),
      // settings of a session, which a tool makes before it begins, do not decide
      send: statements.every(({ sql, inTransaction }) => inTransaction || /^\s*set\s/i.test(sql))
        ? 'transaction'
        : 'statements',
    });
    return {
      id: up.name,
      name: up.name,
      up: script(up),
      down: down === undefined ? null : script(down),
      unreadable: null,
    };
  });
}
