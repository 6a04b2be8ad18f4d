import { printable, type Problem, truncate } from '../core/index.ts';
import { id } from '../database/index.ts';
import { entriesOf, type ApartStatement, isCleared, outsideStep, type Run, cutRuns } from './imported-runs.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { type Probe } from './probe.ts';
import { type TransactionMode } from './release.ts';

/** One tier of a migration that its tool runs without a transaction, before the tier that writes the row. */
export interface ImportedPart {
  readonly transaction: TransactionMode;
  readonly up: readonly string[];
  /** null: the migration cannot be rolled back by tiers. */
  readonly down: readonly string[] | null;
}

/** A migration as tiers. */
export interface ApartMigration {
  readonly parts: readonly ImportedPart[];
  /** Why no part has a down; null: each has one. */
  readonly oneWay: string | null;
  /** What the tiers say in other words than the file, for people. */
  readonly changes: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Takes a migration apart that its tool runs without a transaction. The order of its statements stays. Each statement of the down goes to the tier
 * that it undoes, so that a rollback from any tier is whole.
 *
 * Shape   an empty up has no parts. `down` null: the tool has none.
 * Errors  IMPORT_UNFIT as problems.
 */
export function takeApart(
  { up, down }: { readonly up: readonly Statement[]; readonly down: readonly Statement[] | null },
  parser: Parser,
): ApartMigration {
  const read = entriesOf(up);
  const { runs, problems } = cutRuns(read.entries, parser);
  const changes = runs.flatMap(({ steps }) =>
    steps.flatMap(({ statement, sql }) =>
      sql === statement.step.sql
        ? []
        : [changeAt(statement, 'IF NOT EXISTS is left out: it also succeeds with an invalid index')],
    ),
  );
  const downs = down === null ? null : downsOf(runs, down, parser);
  const undone = downs === null || typeof downs === 'string' ? null : downs;
  return {
    parts: runs.map(({ transaction, steps }, index) => ({
      transaction,
      up: steps.map(({ sql }) => sql),
      down: undone?.parts[index] ?? null,
    })),
    oneWay: typeof downs === 'string' ? downs : null,
    changes: [...changes, ...(undone?.changes ?? [])],
    problems: [...read.problems, ...problems],
  };
}

const changeAt = ({ step: { place } }: Statement, text: string): string =>
  printable(`${place.file}:${place.line ?? 1}: ${truncate(text.replaceAll(/\s+/g, ' '), 300)}`);

/** The statements of a down for each run; a text says why they cannot be divided. */
function downsOf(
  runs: readonly Run[],
  down: readonly Statement[],
  parser: Parser,
): { readonly parts: readonly (readonly string[])[]; readonly changes: readonly string[] } | string {
  const { entries: all, problems } = entriesOf(down);
  if (problems[0] !== undefined) return problems[0].problem;
  const entries = all.filter(({ statement }) => !doesNothing(statement));
  const undoing = entries.map((entry) => undoingOf(runs, entry, parser));
  const refusal = undoing.find((one) => typeof one === 'string');
  if (refusal !== undefined) return refusal;
  const known = undoing.map((one) => (one === null || typeof one === 'string' ? null : one));
  const changes: string[] = [];
  const parts: string[][] = runs.map(() => []);
  let place = Number.POSITIVE_INFINITY;
  for (const [index, { statement, block }] of entries.entries()) {
    const own = known[index] ?? null;
    const at = own?.run ?? insideRun(runs, known, index);
    const run = at === null ? undefined : runs[at];
    const where = lineOf(statement);
    if (at === null || run === undefined) return `${where} belongs to no tier of its own`;
    if (run.place > place) return `${where} does not undo the statements in reverse`;
    if (block !== null && run.transaction !== 'single')
      return `${where} is in a transaction, and what it undoes is not`;
    place = run.place;
    parts[at]?.push(...(own?.texts ?? [statement.step.sql]));
    if (own !== null && own.texts.join('') !== statement.step.sql)
      changes.push(changeAt(statement, `this is written as ${own.texts.join('; ')}`));
  }
  for (const [index, { transaction, steps }] of runs.entries()) {
    const texts = parts[index] ?? [];
    for (const step of steps.toReversed()) {
      const { probe, statement } = step;
      if (isCleared(step, steps)) continue;
      const dropped = known.some((one) => one?.run === index && one.undoes.includes(probe as Probe));
      if (probe?.act === 'detach' || probe?.act === 'finalize' || (probe?.act === 'drop-index' && !dropped))
        return `${lineOf(statement)} is undone by no statement that runs outside of a transaction`;
      if (probe?.act !== 'create-index' || dropped) continue;
      texts.push(dropOf(probe));
      changes.push(changeAt(statement, `the down gets ${dropOf(probe)}`));
    }
    if (transaction === 'outside' || texts.length > 0) continue;
    texts.push('SELECT 1');
    changes.push(
      changeAt(
        (steps[0] as Run['steps'][number]).statement,
        'no statement of the down undoes what begins here: its tier has SELECT 1',
      ),
    );
  }
  return { parts, changes };
}

/** A SELECT of constants: some tools want a statement in each down. */
function doesNothing({ step, tree }: Statement): boolean {
  const { targetList = [], ...rest } = (tree[step.kind] ?? {}) as { readonly targetList?: readonly Node[] };
  const isConstant = (one: Node): boolean => {
    const { val } = (one['ResTarget'] ?? {}) as { readonly val?: Node };
    return val !== undefined && 'A_Const' in val;
  };
  return step.kind === 'SelectStmt' && !('fromClause' in rest) && targetList.every(isConstant);
}

const lineOf = ({ step: { title, place } }: Statement): string => `${title} in line ${place.line ?? 1}`;

/** A statement of a down that undoes steps of an outside run, as its tier has it. */
interface Undoing {
  readonly run: number;
  readonly texts: readonly string[];
  readonly undoes: readonly Probe[];
}

/** What a statement of a down undoes of the outside runs; null: nothing; a text says why it cannot be said. */
function undoingOf(runs: readonly Run[], entry: ApartStatement, parser: Parser): Undoing | string | null {
  const { statement } = entry;
  const { sql, kind, transactional } = statement.step;
  const body = (statement.tree[kind] ?? {}) as Node;
  const stepsOf = (act: Probe['act'], of: IndexName): readonly (readonly [number, Probe])[] =>
    runs.flatMap(({ steps }, index) =>
      steps.flatMap(({ probe }) => (probe?.act === act && isNamed(probe, of) ? [[index, probe] as const] : [])),
    );
  if (kind === 'DropStmt' && body['removeType'] === 'OBJECT_INDEX') {
    const found = indexNames(body).map((name) => stepsOf('create-index', name)[0]);
    const [first] = found;
    if (found.some((one) => one !== undefined)) {
      if (first === undefined || found.some((one) => one?.[0] !== first[0]) || body['behavior'] === 'DROP_CASCADE')
        return `${lineOf(statement)} drops more than the indexes of one tier`;
      const undoes = found.flatMap((one) => (one === undefined ? [] : [one[1]]));
      const isFit =
        !transactional && undoes.length === 1 && (body['missing_ok'] === true || runs[first[0]]?.steps.length === 1);
      return { run: first[0], undoes, texts: isFit ? [sql] : undoes.map(dropOf) };
    }
  }
  if (kind === 'IndexStmt') {
    const made = outsideStep(entry, parser);
    const [found] = 'problem' in made || made.probe?.act !== 'create-index' ? [] : stepsOf('drop-index', made.probe);
    if (found !== undefined && 'sql' in made) return { run: found[0], undoes: [found[1]], texts: [made.sql] };
  }
  return transactional ? null : `${lineOf(statement)} undoes no statement that runs outside of a transaction`;
}

/** The one run in a transaction that a statement of the down can belong to: between those of its neighbours. */
function insideRun(runs: readonly Run[], known: readonly (Undoing | null)[], index: number): number | null {
  const before = known.slice(0, index).flatMap((one) => one?.run ?? []);
  const after = known.slice(index + 1).flatMap((one) => one?.run ?? []);
  const [high, low] = [Math.min(...before, runs.length), Math.max(...after, -1)];
  const found = runs.flatMap(({ transaction }, at) => (transaction !== 'outside' && at < high && at > low ? [at] : []));
  return found.length === 1 ? (found[0] ?? null) : null;
}

interface IndexName {
  readonly schema: string | null;
  readonly name: string;
}

const isNamed = (probe: Probe, { schema, name }: IndexName): boolean =>
  'name' in probe && probe.name === name && (probe.schema === null || schema === null || probe.schema === schema);

function indexNames(body: Node): readonly IndexName[] {
  const objects = body['objects'] as readonly { List: { items: readonly { String: { sval: string } }[] } }[];
  return objects.map(({ List: { items } }) => {
    const names = items.map(({ String: { sval } }) => sval);
    return { schema: names.at(-2) ?? null, name: names.at(-1) ?? '' };
  });
}

/** Works from a half-done tier too. */
function dropOf(probe: Probe): string {
  const { schema, name } = probe as IndexName;
  return `DROP INDEX CONCURRENTLY IF EXISTS ${id(...(schema === null ? [] : [schema]), name).text}`;
}
