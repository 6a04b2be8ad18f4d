import { type Digest, isNonEmpty, OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { fixed, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { loadParser } from '../../release/index.ts';
import { type SampleSetup } from '../../setup/index.ts';
import { isOneExpression, namesIn } from '../mask/mask-plan.ts';
import { type KeptRows, sampleDigest } from './sample-plan.ts';

/**
 * Finds the tables that `keep` names, and has PostgreSQL plan each condition. Nothing is read.
 *
 * Errors  CLONE_SAMPLE_INVALID, with every problem.
 */
export async function requireSample(session: Session, sample: SampleSetup | undefined): Promise<readonly KeptRows[]> {
  const kept: KeptRows[] = [];
  const problems: Problem[] = [];
  if (sample === undefined) return kept;
  const parser = await loadParser();
  for (const { table, condition } of sample.keep) {
    const found = await findTable(session, namesIn(parser, table) ?? []);
    const refused = !isOneExpression(parser, condition)
      ? `${printable(condition)} is not one SQL expression`
      : found === null
        ? null
        : await whyRefused(session, { table: found, condition });
    if (found === null) problems.push(sampleProblem(table, 'there is no such table', howToName));
    if (refused !== null) problems.push(sampleProblem(table, refused, howToChoose));
    if (found !== null) kept.push({ table: found, condition });
  }
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
  return kept;
}

const howToName = 'write schema.table as SQL has it: a name that is not lower case is quoted, app."Orders"';
const howToChoose =
  "write a condition over the columns of the row alone, without subqueries, and that is the same at every time: kind = 'contract'; true keeps all rows";

function sampleProblem(table: string, problem: string, fix: string): Problem {
  return {
    code: 'CLONE_SAMPLE_INVALID',
    ...stated`clone.sample.keep of oneroof.yaml, ${{ table: printable(table) }}: ${{ why: problem }}`,
    fix,
  };
}

async function findTable(session: Session, names: readonly string[]): Promise<string | null> {
  const [schema = '', name = '', ...more] = names;
  if (more.length > 0) return null;
  const [found] = await session.query<{ name: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${name} and c.relkind in ('r', 'p') and n.nspname !~ '^(pg_.*|information_schema|gate)$'`);
  return found?.name ?? null;
}

async function whyRefused(session: Session, { table, condition }: KeptRows): Promise<string | null> {
  try {
    await session.query(sql`explain select from ${fixed(table)} t where ${fixed(`(${condition}\n)`)}`);
    return null;
  } catch (error) {
    if (sqlStateOf(error) === '') throw error;
    return `PostgreSQL refuses ${printable(condition)}: ${printable(String((error as Error).message))}`;
  }
}

/**
 * Requires of the empty copy that conditions are about one row, and the same at every time: PostgreSQL takes no others for the rows of an index.
 * Else rows of production and of the copy would be chosen differently.
 *
 * Errors  CLONE_SAMPLE_INVALID.
 */
export async function requireSteady(copy: Session, keep: readonly KeptRows[]): Promise<void> {
  for (const { table, condition } of keep) {
    await copy.query(sql`begin`);
    try {
      await copy.query(sql`create index on ${fixed(table)} ((true)) where ${fixed(`(${condition}\n)`)}`);
    } catch (error) {
      if (sqlStateOf(error) === '') throw error;
      const said = printable(String((error as Error).message));
      throw OneRoofError.of([
        sampleProblem(table, `PostgreSQL does not choose rows by ${printable(condition)}: ${said}`, howToChoose),
      ]);
    } finally {
      await copy.query(sql`rollback`);
    }
  }
}

/** A condition that fails on a row: what the server says of it stays out, because it may hold a value of production. */
export function refusedRow(error: unknown, keep: readonly KeptRows[]): unknown {
  const state = sqlStateOf(error);
  if (keep.length === 0 || !state.startsWith('22')) return error;
  return new OneRoofError('CLONE_SAMPLE_INVALID', {
    ...stated`a condition of clone.sample.keep of oneroof.yaml fails on a row of production (SQLSTATE ${{ sqlstate: state }})`,
    fix: 'write conditions that have a value for every row; run them by hand to see what the server says, which is not shown here because it may hold values of production',
  });
}

/**
 * Refuses a golden copy with another sample than oneroof.yaml has now, in either direction.
 *
 * Errors  CLONE_SAMPLE_STALE.
 */
export function requireSameSample(
  golden: { readonly sample?: { readonly digest: Digest } | undefined },
  setup: { readonly sample?: SampleSetup },
): void {
  const [is, wanted] = [golden.sample?.digest ?? null, sampleDigest(setup.sample)];
  if (is === wanted) return;
  throw new OneRoofError('CLONE_SAMPLE_STALE', {
    ...(is === null
      ? stated`the golden copy has every row of production, and oneroof.yaml asks for a sample`
      : stated`the golden copy has another sample than oneroof.yaml asks for now${wanted === null ? ': it asks for every row' : ''}`),
    fix: 'take a new one: oneroof clone golden',
  });
}
