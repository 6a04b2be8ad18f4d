import { concurrently, inCaseOf } from './in-case-of.ts';
import { type Sent } from './sent.ts';

/** One action of an ALTER TABLE, as far as hazards ask for it. */
export interface AlterAction {
  /** The parser's word: `AT_SetNotNull`. */
  readonly subtype: string;
  readonly column: string | null;
  /** Of a constraint that is added: `CONSTR_CHECK`; its name; the columns of a key. */
  readonly constraint: { readonly type: string; readonly name: string | null; readonly keys: readonly string[] } | null;
}

interface Command {
  readonly AlterTableCmd?: {
    readonly subtype?: string;
    readonly name?: string;
    readonly def?: {
      readonly Constraint?: {
        readonly contype?: string;
        readonly conname?: string;
        readonly keys?: readonly { readonly String?: { readonly sval?: string } }[];
      };
    };
  };
}

/** The actions of an ALTER TABLE; none of another statement. */
export function actionsOf({ kind, tree }: Sent): readonly AlterAction[] {
  if (kind !== 'AlterTableStmt') return [];
  const { cmds = [] } = tree['AlterTableStmt'] as { readonly cmds?: readonly Command[] };
  return cmds.flatMap(({ AlterTableCmd: command }): readonly AlterAction[] => {
    if (command === undefined) return [];
    const made = command.def?.Constraint;
    return [
      {
        subtype: command.subtype ?? '',
        column: command.name ?? null,
        constraint:
          made === undefined
            ? null
            : {
                type: made.contype ?? '',
                name: made.conname ?? null,
                keys: (made.keys ?? []).flatMap((key) => key.String?.sval ?? []),
              },
      },
    ];
  });
}

/** A constraint whose index is built while it is added. */
export function buildsIndex({ constraint }: AlterAction): boolean {
  return ['CONSTR_UNIQUE', 'CONSTR_PRIMARY', 'CONSTR_EXCLUSION'].includes(constraint?.type ?? '');
}

/** The safe SQL instead of a statement, in the case of its own words, where no one has to decide anything for it; else null. */
export function saferSql(sent: Sent, table: string): string | null {
  const say = inCaseOf(sent.sql);
  const alter = `${say('alter table')} ${table}`;
  if (sent.kind === 'IndexStmt') return concurrently(sent.sql);
  const [action, ...others] = actionsOf(sent);
  if (action === undefined || others.length > 0) return null;
  const { subtype, column, constraint } = action;
  if (subtype === 'AT_SetNotNull' && column !== null) {
    const name = quotedName(`${column}_not_null`.slice(-63));
    const own = quotedName(column);
    return [
      `${alter} ${say('add constraint')} ${name} ${say('check')} (${own} ${say('is not null')}) ${say('not valid')};`,
      `${alter} ${say('validate constraint')} ${name};`,
      `${alter} ${say('alter column')} ${own} ${say('set not null')};`,
      `${alter} ${say('drop constraint')} ${name};`,
    ].join('\n');
  }
  if (constraint?.name == null) return null;
  const name = quotedName(constraint.name);
  if (constraint.type === 'CONSTR_CHECK' || constraint.type === 'CONSTR_FOREIGN')
    return `${sent.sql} ${say('not valid')};\n${alter} ${say('validate constraint')} ${name};`;
  if (constraint.keys.length === 0 || !['CONSTR_UNIQUE', 'CONSTR_PRIMARY'].includes(constraint.type)) return null;
  const kind = constraint.type === 'CONSTR_UNIQUE' ? 'unique' : 'primary key';
  return [
    `${say('create unique index concurrently')} ${name} ${say('on')} ${table} (${constraint.keys.map(quotedName).join(', ')});`,
    `${alter} ${say('add constraint')} ${name} ${say(`${kind} using index`)} ${name};`,
  ].join('\n');
}

function quotedName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
