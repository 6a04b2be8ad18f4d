import { type Sent } from './sent.ts';

/** A foreign key that a migration adds over columns that are there already. */
export interface NamedReference {
  readonly table: readonly string[];
  readonly columns: readonly string[];
  readonly parent: readonly string[];
  /** None: the primary key of the parent. */
  readonly keys: readonly string[];
}

interface Named {
  readonly schemaname?: string;
  readonly relname?: string;
}
type Texts = readonly { readonly String?: { readonly sval?: string } }[];
interface Command {
  readonly AlterTableCmd?: {
    readonly subtype?: string;
    readonly def?: {
      readonly Constraint?: {
        readonly contype?: string;
        readonly pktable?: Named;
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
    const { relation, cmds = [] } = tree[kind] as { readonly relation?: Named; readonly cmds?: readonly Command[] };
    return cmds.flatMap(({ AlterTableCmd: command }) => {
      const made = command?.def?.Constraint;
      if (command?.subtype !== 'AT_AddConstraint' || made?.contype !== 'CONSTR_FOREIGN') return [];
      return [
        {
          table: nameParts(relation),
          columns: textsOf(made.fk_attrs),
          parent: nameParts(made.pktable),
          keys: textsOf(made.pk_attrs),
        },
      ];
    });
  });
}

const textsOf = (of: Texts = []): readonly string[] => of.flatMap((one) => one.String?.sval ?? []);
const nameParts = (of: Named | undefined): readonly string[] => [
  ...(of?.schemaname === undefined ? [] : [of.schemaname]),
  of?.relname ?? '',
];
