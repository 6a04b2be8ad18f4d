import { type NamedTable, namedTable } from './named-table.ts';
import { type Sent } from './sent.ts';

/** A foreign key that a migration adds over columns that are there already. */
export interface NamedReference {
  readonly table: readonly string[];
  readonly columns: readonly string[];
  readonly parent: readonly string[];
  /** None: the primary key of the parent. */
  readonly keys: readonly string[];
  /** The up itself does something to rows that refer to nothing: then there must be one. */
  readonly cleans: boolean;
}

type Texts = readonly { readonly String?: { readonly sval?: string } }[];
interface Command {
  readonly AlterTableCmd?: {
    readonly subtype?: string;
    readonly def?: {
      readonly Constraint?: {
        readonly contype?: string;
        readonly pktable?: NamedTable;
        readonly fk_attrs?: Texts;
        readonly pk_attrs?: Texts;
      };
    };
  };
}

/** The foreign keys that ALTER TABLE adds: synthetic rows refer to nothing by chance, and rows of a production that wants such a key do. */
export function namedReferences(up: readonly Sent[]): readonly NamedReference[] {
  return up.flatMap(({ kind, tree }) => {
    if (kind !== 'AlterTableStmt') return [];
    const { relation, cmds = [] } = tree[kind] as {
      readonly relation?: NamedTable;
      readonly cmds?: readonly Command[];
    };
    return cmds.flatMap(({ AlterTableCmd: command }) => {
      const made = command?.def?.Constraint;
      if (command?.subtype !== 'AT_AddConstraint' || made?.contype !== 'CONSTR_FOREIGN') return [];
      const key = {
        table: nameParts(relation),
        columns: textsOf(made.fk_attrs),
        parent: nameParts(made.pktable),
        keys: textsOf(made.pk_attrs),
      };
      return [{ ...key, cleans: up.some((sent) => isCleaning(sent, key)) }];
    });
  });
}

/** Whether a statement deletes rows, or sets the columns of the key, where there is no row in the parent: by NOT EXISTS, NOT IN, or an outer join. */
function isCleaning(
  { kind, tree }: Sent,
  { table, columns, parent }: Pick<NamedReference, 'table' | 'columns' | 'parent'>,
): boolean {
  if (kind !== 'DeleteStmt' && kind !== 'UpdateStmt') return false;
  const { relation, targetList = [] } = tree[kind] as {
    readonly relation?: NamedTable;
    readonly targetList?: readonly { readonly ResTarget?: { readonly name?: string } }[];
  };
  const sets = targetList.some(({ ResTarget: target }) => columns.includes(target?.name ?? ''));
  const text = JSON.stringify(tree);
  return (
    relation?.relname === table.at(-1) &&
    (kind === 'DeleteStmt' || sets) &&
    text.includes(`"relname":${JSON.stringify(parent.at(-1))}`) &&
    /"(?:NOT_EXPR|IS_NULL)"/.test(text)
  );
}

const textsOf = (of: Texts = []): readonly string[] => of.flatMap((one) => one.String?.sval ?? []);
const nameParts = (of: NamedTable | undefined): readonly string[] => {
  const { schema, table } = namedTable(of);
  return [...(schema === null ? [] : [schema]), table];
};
