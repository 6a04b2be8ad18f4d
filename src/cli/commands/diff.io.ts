import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Session } from '../../database/index.ts';
import {
  compareRows,
  compareSchemas,
  type DataFingerprint,
  type Difference,
  type FingerprintDocument,
  findExamples,
  type NotProven,
  unproven,
  drawSeeds,
} from '../../fingerprint/index.ts';
import {
  anySide,
  type DatabaseSide,
  type ReadOptions,
  type ComparedSide,
  takeFingerprint,
  withReader,
} from '../compared-side.io.ts';
import { describeDiff } from '../diff-text.io.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Relations whose rows are checked more closely: each is read twice more. */
const relationsExplained = 20;
const mostExamples = 100;

/** Compares two databases, or fingerprints of them; exit 1 where they differ or where that is not fully proven. */
export const run: CommandRun = async (context) => {
  const limit = limitOf(context);
  const [one = '', two = ''] = context.arguments;
  const sides = [await anySide(context, one), await anySide(context, two)] as const;
  const { look, reason } = lookOf(context, sides);
  const [before, after] = await bothDocuments(sides, look, context);
  const rows =
    look.rows === null || before.data === null || after.data === null
      ? null
      : { before: before.data, after: after.data };
  const found = [
    ...compareSchemas(before.schema, after.schema),
    ...(rows === null ? [] : compareRows(rows.before, rows.after)),
  ];
  const differences = await withExamples(found, sides, { context, limit });
  const logical = differences.filter(({ level }) => level === 'logical');
  const strict = differences.filter(({ level }) => level === 'strict');
  const notProven: readonly NotProven[] = [
    ...(reason === null ? [] : [{ relation: '*', reason }]),
    ...(rows === null ? [] : unproven(rows.before, rows.after)),
  ];
  const counted = logical.length + (context.options['strict'] === true ? strict.length : 0);
  const verdict = counted > 0 ? 'different' : notProven.length > 0 ? 'not proven' : 'equal';
  const data = {
    verdict,
    before: summary(sides[0], before),
    after: summary(sides[1], after),
    logical,
    strict,
    notProven,
    noticed: { before: before.schema.noticed, after: after.schema.noticed },
    compared: {
      objects: new Set([...before.schema.objects, ...after.schema.objects].map(({ kind, name }) => `${kind}\0${name}`))
        .size,
      relations: rows === null ? null : rows.before.relations.length,
      rows: rows === null ? null : total(rows.before),
    },
    hash: rows?.before.hash ?? null,
    seeds: rows?.before.seeds ?? null,
  } as const;
  return {
    exit: verdict === 'equal' ? 0 : 1,
    schema: 'oneroof/diff/1',
    data,
    text: describeDiff(data),
  };
};

function limitOf({ options }: Context): number {
  const limit = Number(options['limit']);
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostExamples) return limit;
  throw new OneRoofError('USAGE', {
    ...stated`--limit is ${{ value: printable(String(options['limit'])) }}, expected a number from 1 to ${{ most: mostExamples }}`,
    fix: 'leave it out to see three rows of each relation',
  });
}

/** How the rows are read so that both sides can be compared, or why they cannot. */
function lookOf(
  { options }: Context,
  sides: readonly ComparedSide[],
): { readonly look: ReadOptions; readonly reason: string | null } {
  const none = (reason: string | null) => ({ look: { rows: null }, reason });
  if (options['schemaOnly'] === true) return none(null);
  const wanted = options['strong'] === true ? 'strong' : 'fast';
  let rows: ReadOptions['rows'] = null;
  for (const side of sides) {
    if (side.kind !== 'file') continue;
    const { data } = side.document;
    if (data === null)
      return none(`${side.name} has no rows: run oneroof fingerprint with --rows again, or compare with --schema-only`);
    if (wanted === 'strong' && data.hash !== 'strong')
      throw new OneRoofError('USAGE', {
        ...stated`${{ side: printable(side.name) }} was made without --strong`,
        fix: 'leave --strong out, or run oneroof fingerprint with --rows --strong again',
      });
    if (rows !== null && (data.hash !== rows.hash || data.seeds.join() !== rows.seeds.join()))
      return none(
        'the rows of the two files were hashed with different seeds: make one of them again, with --like and the other file',
      );
    rows = { hash: data.hash, seeds: data.seeds };
  }
  return { look: { rows: rows ?? { hash: wanted, seeds: drawSeeds() } }, reason: null };
}

type Pair<T> = readonly [T, T];

async function bothDocuments(
  sides: Pair<ComparedSide>,
  look: ReadOptions,
  context: Context,
): Promise<Pair<FingerprintDocument>> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const failures: unknown[] = [];
  const read = async (side: ComparedSide): Promise<FingerprintDocument> => {
    if (side.kind === 'file') return side.document;
    try {
      return await takeFingerprint(side, look, { ...context, signal });
    } catch (error) {
      failures.push(error);
      // hours of reading the other side would be for nothing
      stop.abort();
      throw error;
    }
  };
  const [a, b] = await Promise.allSettled([read(sides[0]), read(sides[1])]);
  if (a.status === 'rejected' || b.status === 'rejected') throw failures[0];
  return [a.value, b.value];
}

/** Reads the relations with different rows again for examples, if both sides are databases. */
async function withExamples(
  differences: readonly Difference[],
  [before, after]: Pair<ComparedSide>,
  of: { readonly context: Context; readonly limit: number },
): Promise<readonly Difference[]> {
  const rows = differences.filter((one) => one.in === 'rows' && one.property !== null).slice(0, relationsExplained);
  if (rows.length === 0 || before.kind === 'file' || after.kind === 'file') return differences;
  const { terminal, signal, options } = of.context;
  const examples = new Map<Difference, Difference>();
  const search = async (one: Difference, sessions: Pair<Session>): Promise<void> => {
    terminal.progress(`searching for the different rows of ${one.name}`);
    try {
      const found = await findExamples(...sessions, {
        relation: one.name,
        limit: of.limit,
        ...(options['values'] === true ? { values: 'shown' } : {}),
      });
      examples.set(one, { ...one, examples: found });
    } catch (error) {
      // the difference stands without them
      if (signal.aborted || error instanceof OneRoofError) throw error;
      terminal.say(
        printable(`no rows of ${one.name} are shown: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  };
  await withReaders([before, after], signal, async (sessions) => {
    for (const one of rows) await search(one, sessions);
  });
  return differences.map((one) => examples.get(one) ?? one);
}

function withReaders(
  [before, after]: Pair<DatabaseSide>,
  signal: AbortSignal,
  use: (sessions: Pair<Session>) => Promise<void>,
): Promise<void> {
  return withReader(before, signal, (one) => withReader(after, signal, (two) => use([one, two])));
}

function summary(side: ComparedSide, document: FingerprintDocument) {
  const { of, serverVersion, takenAt, schema, data } = document;
  return {
    name: side.name,
    as: side.kind === 'file' ? 'file' : side.as,
    of,
    serverVersion,
    takenAt,
    digest: { strict: schema.digest, logical: schema.logicalDigest, rows: data?.digest ?? null },
  } as const;
}

function total(data: DataFingerprint): string {
  return data.relations.reduce((sum, { rows }) => sum + BigInt(rows), 0n).toString();
}
