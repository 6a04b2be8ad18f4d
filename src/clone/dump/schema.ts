import { isDeepStrictEqual } from 'node:util';
import { OneRoofError, printable, truncate, stated } from '../../core/index.ts';
import { literal } from '../../database/index.ts';
import { type Parser, type Statement } from '../../release/index.ts';
import { type DumpSource } from './facts.ts';

/** A statement of a dump, as the clone server runs it. */
export interface RestoreStatement {
  readonly sql: string;
  /** Such statements that follow one another may run at the same time: each builds an index of its own. */
  readonly builds: boolean;
}

/** What of a dump is not restored, by name. */
export interface RestorePlan {
  readonly statements: readonly RestoreStatement[];
  readonly leftOut: readonly string[];
}

/**
 * Makes statements of a text that pg_dump wrote: each setting that the clone server does not know is left out, extensions are created in the version
 * of production, options of a column that the server keeps for itself are left out, sequences of identity columns with the type that they have there, and event triggers of the gate stay behind with it.
 *
 * Errors  CLONE_DUMP_FAILED where PostgreSQL's parser cannot read the text.
 */
export function restorePlan(
  parser: Parser,
  of: {
    readonly text: string;
    readonly section: string;
    readonly source: Pick<DumpSource, 'extensions' | 'identities'>;
    /** Names of pg_settings on the clone server. */
    readonly settings: ReadonlySet<string>;
  },
): RestorePlan {
  const { statements, problems } = parser.parse(of.section, of.text);
  const [problem] = problems;
  if (problem !== undefined)
    throw new OneRoofError('CLONE_DUMP_FAILED', {
      ...stated`what pg_dump wrote (${{ section: of.section }}) cannot be read: ${{ why: printable(problem.problem) }}: ${{ statement: printable(truncate(problem.excerpt ?? '', 200)) }}`,
      fix: 'please report it, with this statement',
    });
  const gone = new Set(statements.flatMap((one) => gateTrigger(one) ?? []));
  const kept = statements.flatMap((one): RestoreStatement[] => {
    if (gone.has(eventTriggerOf(one) ?? '')) return [];
    const set = setting(one);
    if (set !== null && !of.settings.has(set)) return [];
    const sql = withoutReserved(one);
    if (sql === null) return [];
    const name = extensionOf(one);
    const version = of.source.extensions.find((known) => known.name === name)?.version;
    if (version !== undefined) return [{ sql: `${sql} version ${literal(version).text}`, builds: false }];
    const sequence = identitySequenceOf(one);
    const identity = of.source.identities.find((known) => isDeepStrictEqual(known.sequence, sequence));
    if (identity !== undefined) return identity.statements.map((text) => ({ sql: text, builds: false }));
    return [{ sql, builds: buildsIndex(one) }];
  });
  return { statements: kept, leftOut: [...gone].map((name) => `event trigger ${name} of the gate`) };
}

/** Runs of statements: those of one run may run at the same time. */
export function runsOf(statements: readonly RestoreStatement[]): readonly (readonly string[])[] {
  const runs: string[][] = [];
  let isOpen = false;
  for (const { sql, builds } of statements) {
    if (builds && isOpen) runs.at(-1)?.push(sql);
    else runs.push([sql]);
    isOpen = builds;
  }
  return runs;
}

type Tree = { readonly [key: string]: unknown };

function setting({ tree }: Statement): string | null {
  const { VariableSetStmt: set } = tree as { VariableSetStmt?: { name?: string } };
  return set?.name?.toLowerCase() ?? null;
}

/** A statement without the options of a column that its server keeps for itself, which another server does not know; null: it has no others. */
function withoutReserved({ tree, step: { sql } }: Statement): string | null {
  const { AlterTableStmt: alter } = tree as {
    AlterTableStmt?: {
      cmds?: readonly { AlterTableCmd?: { subtype?: string; def?: { List?: { items?: readonly Tree[] } } } }[];
    };
  };
  const [command] = alter?.cmds ?? [];
  if (command?.AlterTableCmd?.subtype !== 'AT_SetOptions') return sql;
  const names = (command.AlterTableCmd.def?.List?.items ?? []).map(
    (item) => (item as { DefElem?: { defname?: string } }).DefElem?.defname ?? '',
  );
  const isReserved = (name: string): boolean => name.startsWith('pg_');
  if (names.every(isReserved)) return null;
  return names
    .filter(isReserved)
    .reduce((text, name) => text.replace(new RegExp(`(, )?\\b${name}=[^,)]*`), ''), sql)
    .replace('(, ', '(');
}

function extensionOf({ tree }: Statement): string | null {
  return (tree as { CreateExtensionStmt?: { extname?: string } }).CreateExtensionStmt?.extname ?? null;
}

/** Schema and name of the sequence that a statement creates for an identity column. */
function identitySequenceOf({ tree }: Statement): readonly unknown[] {
  const { AlterTableStmt: alter } = tree as {
    AlterTableStmt?: { cmds?: readonly { AlterTableCmd?: { def?: { Constraint?: { options?: readonly Tree[] } } } }[] };
  };
  const options = (alter?.cmds?.[0]?.AlterTableCmd?.def?.Constraint?.options ?? []) as readonly {
    DefElem?: { defname?: string; arg?: { List?: { items?: readonly { String?: { sval?: string } }[] } } };
  }[];
  const name = options.find(({ DefElem: one }) => one?.defname === 'sequence_name')?.DefElem?.arg?.List?.items ?? [];
  return name.map(({ String: part }) => part?.sval);
}

/** The name of an event trigger that runs a function of the gate. */
function gateTrigger({ tree }: Statement): string | null {
  const created = (tree as { CreateEventTrigStmt?: { trigname?: string; funcname?: readonly Tree[] } })
    .CreateEventTrigStmt;
  const [schema] = created?.funcname ?? [];
  const name = (schema as { String?: { sval?: string } } | undefined)?.String?.sval;
  return name === 'gate' ? (created?.trigname ?? null) : null;
}

/** The event trigger that a statement is about. */
function eventTriggerOf({ tree }: Statement): string | null {
  const of = tree as {
    CreateEventTrigStmt?: { trigname?: string };
    AlterEventTrigStmt?: { trigname?: string };
    AlterOwnerStmt?: { objectType?: string; object?: { String?: { sval?: string } } };
    CommentStmt?: { objtype?: string; object?: { String?: { sval?: string } } };
  };
  const isOne = (type: string | undefined): boolean => type === 'OBJECT_EVENT_TRIGGER';
  return (
    of.CreateEventTrigStmt?.trigname ??
    of.AlterEventTrigStmt?.trigname ??
    (isOne(of.AlterOwnerStmt?.objectType) ? of.AlterOwnerStmt?.object?.String?.sval : undefined) ??
    (isOne(of.CommentStmt?.objtype) ? of.CommentStmt?.object?.String?.sval : undefined) ??
    null
  );
}

/** CREATE INDEX, and ADD CONSTRAINT of a key or exclusion: they lock one table each, and each against no other of them. */
function buildsIndex({ tree }: Statement): boolean {
  const { IndexStmt: index, AlterTableStmt: alter } = tree as {
    IndexStmt?: unknown;
    AlterTableStmt?: { cmds?: readonly { AlterTableCmd?: { def?: { Constraint?: { contype?: string } } } }[] };
  };
  if (index !== undefined) return true;
  const [command, ...others] = alter?.cmds ?? [];
  const type = command?.AlterTableCmd?.def?.Constraint?.contype ?? '';
  return others.length === 0 && ['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_EXCLUSION'].includes(type);
}
