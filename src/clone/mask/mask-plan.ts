import {
  canonicalJson,
  type Digest,
  digest,
  isNonEmpty,
  OneRoofError,
  type Problem,
  printable,
  stated,
} from '../../core/index.ts';
import { type Parser, type Statement } from '../../release/index.ts';
import { type MaskSetup } from '../../setup/index.ts';

type Node = Statement['tree'];

/** A column that is masked, and the expression of its new value. */
export interface ColumnMask {
  /** As oneroof.yaml writes it. */
  readonly written: string;
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** One SQL expression: PostgreSQL's parser has read it as such. */
  readonly expression: string;
}

/** The masks of one table, which one statement applies. */
export interface TableMask {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ColumnMask[];
}

/**
 * What a golden copy is masked with, as one digest; null where it is not masked.
 *
 * Shape   purpose `mask`; for each column, in the order of their names, the name and the expression as they are written; where there is a program, an empty
 *         part and canonical JSON of its words and its columns.
 */
export function maskDigest(mask: MaskSetup | undefined): Digest | null {
  if (mask === undefined) return null;
  const columns = mask.columns.toSorted((one, other) => (one.column < other.column ? -1 : 1));
  return digest('mask', [
    ...columns.flatMap((one) => [one.column, one.expression]),
    ...(mask.command === undefined
      ? []
      : ['', canonicalJson({ run: mask.command.run, columns: mask.command.columns.toSorted() })]),
  ]);
}

/**
 * Reads names and expressions with PostgreSQL's parser.
 *
 * Errors  CLONE_MASK_INVALID, one problem for each column.
 */
export function readMasks(parser: Parser, mask: Pick<MaskSetup, 'columns'>): readonly ColumnMask[] {
  const problems: Problem[] = [];
  const masks = mask.columns.flatMap(({ column: written, expression }): readonly ColumnMask[] => {
    const names = namesOf(parser, written);
    if (names === null)
      problems.push(
        maskProblem(
          written,
          'is not the name of a column',
          'write schema.table.column; quote what is not lower case: app."Users"."E-Mail"',
        ),
      );
    if (!isOneExpression(parser, expression))
      problems.push(
        maskProblem(
          written,
          `${printable(expression)} is not one SQL expression`,
          "write an expression over the columns of the same row, for example 'user' || id, or null",
        ),
      );
    return names === null ? [] : [{ written, ...names, expression }];
  });
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
  return masks;
}

/** The masks, table by table, in the order of the file. */
export function byTable(masks: readonly ColumnMask[]): readonly TableMask[] {
  const keyOf = ({ schema, table }: ColumnMask): string => JSON.stringify([schema, table]);
  return [...new Set(masks.map(keyOf))].map((key) => {
    const columns = masks.filter((mask) => keyOf(mask) === key);
    const [{ schema, table } = { schema: '', table: '' }] = columns;
    return { schema, table, columns };
  });
}

/** One thing that is wrong with the mask of a column. */
export function maskProblem(written: string, problem: string, fix: string): Problem {
  return {
    code: 'CLONE_MASK_INVALID',
    ...stated`clone.mask of oneroof.yaml, ${{ column: printable(written) }}: ${{ why: problem }}`,
    fix,
  };
}

/** The only thing that a text selects, where it is one expression and nothing beside it. */
function selected(parser: Parser, text: string): Node | null {
  // on a line of its own: a comment at the end of the text must not hide what follows it
  const statements = parser.tryParse(`SELECT ${text}\n`);
  const [statement] = statements ?? [];
  if (statement === undefined || statements?.length !== 1) return null;
  const select = statement.tree['SelectStmt'] as Node | undefined;
  const allowed = ['targetList', 'limitOption', 'op'];
  if (select === undefined || Object.keys(select).some((key) => !allowed.includes(key))) return null;
  const targets = select['targetList'] as readonly { readonly ResTarget?: Node }[] | undefined;
  const [target] = targets ?? [];
  if (targets?.length !== 1 || target?.ResTarget === undefined) return null;
  const { val, location: _, ...beside } = target.ResTarget as { readonly val?: Node; readonly location?: number };
  return Object.keys(beside).length === 0 ? (val ?? null) : null;
}

/** Whether a text is one SQL expression, and nothing beside it. */
export function isOneExpression(parser: Parser, text: string): boolean {
  const value = selected(parser, text);
  // in brackets too, as it is used: `SELECT ALL x` has an expression, `ALL x` is none
  if (value === null || selected(parser, `(${text}\n)`) === null) return false;
  const { fields = [] } = (value['ColumnRef'] ?? {}) as { readonly fields?: readonly object[] };
  return !fields.some((field) => 'A_Star' in field);
}

function namesOf(parser: Parser, text: string): Pick<ColumnMask, 'schema' | 'table' | 'column'> | null {
  const names = namesIn(parser, text) ?? [];
  const [schema, table, column] = names;
  return names.length === 3 && schema && table && column ? { schema, table, column } : null;
}

/** The parts of a name, as PostgreSQL reads them: folded to lower case where they are not quoted. Null: it is no name. */
export function namesIn(parser: Parser, text: string): readonly string[] | null {
  const reference = selected(parser, text)?.['ColumnRef'] as Node | undefined;
  const fields = (reference?.['fields'] ?? []) as readonly { readonly String?: { readonly sval?: string } }[];
  const names = fields.map((field) => field.String?.sval ?? '');
  return names.length === 0 || names.includes('') ? null : names;
}
