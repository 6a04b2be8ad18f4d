import { OneRoofError, stated } from '../core/index.ts';

/** One statement of ours: text with `$n` holes, and the values for them. Made only by the `sql` tag. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A part of a statement that is inserted as text: a quoted name, or another statement. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Writes a statement of ours. Holes become parameters; names go through `id()`, another `sql` statement is spliced in.
 * Never for the author's SQL, which is run as the bytes that were sealed.
 */
export function sql(strings: TemplateStringsArray, ...holes: readonly unknown[]): Sql {
  const values: unknown[] = [];
  const texts = [strings[0] ?? ''];
  const add = (text: string): void => {
    texts[texts.length - 1] += text;
  };
  holes.forEach((hole, index) => {
    const spliced = typeof hole === 'object' && hole !== null ? made.get(hole) : undefined;
    if (hole instanceof Raw) add(hole.text);
    else if (spliced !== undefined) {
      const [first = '', ...rest] = spliced;
      add(first);
      values.push(...(hole as Sql).values);
      texts.push(...rest);
    } else {
      values.push(hole);
      texts.push('');
    }
    add(strings[index + 1] ?? '');
  });
  const statement = { text: texts.reduce((all, text, n) => `${all}$${n}${text}`), values };
  made.set(statement, texts);
  return statement;
}

/** The texts between the holes of each statement: a `$1` in a name of theirs is not a hole. */
const made = new WeakMap<object, readonly string[]>();

/** One statement that gives the rows of all of these, at least one; names of columns are those of the first. */
export function unionAll(arms: readonly Sql[]): Sql {
  return arms.reduce((all, next) => sql`${all} union all ${next}`);
}

/**
 * Quotes a name, in one or more parts: `id('public', 'orders')` is `"public"."orders"`.
 *
 * Errors  INTERNAL for an empty name or one with a NUL, which PostgreSQL cannot hold.
 */
export function id(...parts: readonly string[]): Raw {
  return new Raw(parts.map(quoteName).join('.'));
}

/** Quotes a literal, for the utility statements that take no parameters (COMMENT, ALTER DATABASE … SET). */
export function literal(text: string): Raw {
  const doubled = text.replaceAll("'", "''");
  return new Raw(text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`);
}

/** Splices fixed text of ours, such as a constant list of columns. Never for text from outside. */
export function fixed(text: string): Raw {
  return new Raw(text);
}

/** The value of a search_path that holds these schemas, whatever their names. */
export function searchPathOf(schemas: readonly string[]): string {
  return schemas.map(quoteName).join(', ');
}

function quoteName(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new OneRoofError('INTERNAL', {
      ...stated`a name is empty or contains a NUL, and cannot be quoted`,
      fix: 'this is a defect of One Roof: please report it with the command that you ran',
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}
