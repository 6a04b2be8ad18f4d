/** White space and comments, which are not nested. */
const gap = String.raw`(\s|--[^\n\r]*[\n\r]|/[*]([^*/]|[*](?!/)|/(?![*]))*[*]/)`;
const words = (...parts: readonly string[]): string => parts.join(`${gap}+`);
const part = String.raw`("([^"]|"")+"|[^\s".;]+)`;
const name = String.raw`${part}(\s*[.]\s*${part})?`;
const detach = `^${words('alter', 'table', `(if${gap}+exists${gap}+)?(only${gap}+)?${name}`, 'detach', 'partition', name, '(concurrently|finalize)')}${gap}*$`;

/**
 * How the text of a step with each probe begins, as regular expressions that JavaScript and PostgreSQL read alike, whatever the case of letters. The gate, which
 * cannot parse, sends nothing else outside of a transaction: there nothing undoes what a text does. Of several statements PostgreSQL refuses all where the
 * first one is one of these, except REINDEX and ALTER TABLE.
 */
export const outsideShapes = {
  'create-index': `^${words('create', `(unique${gap}+)?index`, 'concurrently')}${gap}`,
  'drop-index': `^${words('drop', 'index', 'concurrently')}${gap}`,
  reindex: `^reindex(${gap}|[(])[^;]*$`,
  detach,
  finalize: detach,
  vacuum: `^vacuum(${gap}|[(])`,
} as const;

const createIndex = new RegExp(
  `^(?<head>${words('create', `(unique${gap}+)?index`)})(?<mode>${gap}+concurrently)?(${gap}+${words('if', 'not', 'exists')})?(?=${gap})`,
  'i',
);

/** A CREATE INDEX as an outside tier takes it: with CONCURRENTLY, without IF NOT EXISTS. */
export function asConcurrently(sql: string): string {
  const { head, mode } = createIndex.exec(sql)?.groups ?? {};
  return head === undefined ? sql : sql.replace(createIndex, () => `${head}${mode ?? ' CONCURRENTLY'}`);
}

/** Whether a text begins as the gate requires of its probe. */
export function hasOutsideShape(sql: string, act: keyof typeof outsideShapes): boolean {
  return new RegExp(outsideShapes[act], 'i').test(sql);
}
