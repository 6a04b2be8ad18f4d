import { type Node } from './parser.ts';

/**
 * Whether a member of a node can be meant by a rule. That of a JSON constructor is called `constructor`, which every object has: a table of
 * rules that is asked for it would answer.
 */
const isNamed = (key: string): boolean => !(key in Object.prototype);

/** Calls back for every named node of a parse tree. */
export function visit(value: unknown, see: (kind: string, node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (isNamed(key) && typeof member === 'object' && member !== null && !Array.isArray(member))
        see(key, member as Node);
      visit(member, see);
    }
  }
}

/** Parts of a statement that run later, if ever: PostgreSQL looks at what they may do only then. */
const later: Readonly<Record<string, readonly string[]>> = {
  ViewStmt: ['query'],
  RuleStmt: ['whereClause', 'actions'],
  CreatePolicyStmt: ['qual', 'with_check'],
  AlterPolicyStmt: ['qual', 'with_check'],
  CreateFunctionStmt: ['parameters', 'sql_body'],
  CreateTrigStmt: ['whenClause'],
  Constraint: ['raw_expr'],
};

/** Calls back for every named node of a parse tree that runs with its statement. */
export function visitNow(value: unknown, see: (kind: string, node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visitNow(item, see);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (!isNamed(key) || typeof member !== 'object' || member === null || Array.isArray(member))
        visitNow(member, see);
      else {
        see(key, member as Node);
        visitNow(Object.fromEntries(Object.entries(member).filter(([part]) => !later[key]?.includes(part))), see);
      }
    }
  }
}

/** The name of the function or procedure that a statement makes; null for every other statement. */
export function functionMadeBy(tree: Node): string | null {
  const made = tree['CreateFunctionStmt'] as Node | undefined;
  return made === undefined ? null : lastName(made['funcname']);
}

/** The last part of a name that may be qualified. */
export function lastName(names: unknown): string {
  const last = Array.isArray(names) ? (names.at(-1) as { String?: { sval?: string } } | undefined) : undefined;
  return last?.String?.sval ?? '';
}

/** The schema of a qualified name; empty where there is none. */
export function schemaName(names: unknown): string {
  const first = Array.isArray(names) && names.length > 1 ? (names[0] as { String?: { sval?: string } }) : undefined;
  return first?.String?.sval ?? '';
}

/** Says whether an option is the boolean true. */
export function isTrue(arg: unknown): boolean {
  return (arg as { Boolean?: { boolval?: boolean } } | undefined)?.Boolean?.boolval === true;
}

/** The text of a literal, also of one with a cast; null for everything else. */
export function literalOf(argument: Node | undefined): string | null {
  const cast = argument?.['TypeCast'] as Node | undefined;
  if (cast !== undefined) return literalOf(cast['arg'] as Node | undefined);
  const constant = argument?.['A_Const'] as { sval?: { sval?: string } } | undefined;
  return constant?.sval?.sval ?? null;
}
