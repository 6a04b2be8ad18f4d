import { type Digest, type Problem, printable } from '../core/index.ts';
import {
  columnsKey,
  type Difference,
  type DoubtfulIndex,
  explainDifference,
  fingerprintOf,
  type KeyedObject,
} from '../fingerprint/index.ts';
import { type TierId } from '../release/index.ts';
import { type BoundaryResult } from './boundary.ts';
import { type Standing } from './standing.ts';
import { type Proof } from './rehearsal.ts';

/** The record of a proof. What decides stands first among the differences that are kept. */
export function proofOf(found: {
  readonly standing: Standing;
  readonly differences: readonly Difference[];
  readonly seeds: readonly [string, string];
  readonly durationMs: number;
}): Proof {
  const { standing, differences, seeds, durationMs } = found;
  const { delta, data } = standing;
  const [before, after] = [digestOf(delta.originals), digestOf(delta.objects)];
  const logical = differences.filter((one) => one.level === 'logical');
  const { method, fallback, notProven, relations, whole, blocks, rows } = data;
  return {
    method,
    fallback,
    strict: differences.length === 0 ? 'equal' : 'different',
    logical: logical.length > 0 ? 'different' : 'equal',
    differences: [...logical, ...differences.filter((one) => one.level === 'strict')].slice(0, kept),
    differenceCount: differences.length,
    notProven,
    relations,
    whole,
    blocks,
    rows,
    objects: delta.objects.length,
    seeds,
    schemaDigest: { before, after },
    dataDigest: data.digest,
    durationMs,
  };
}

function digestOf(objects: readonly KeyedObject[]): Digest {
  return fingerprintOf(objects, []).digest;
}

/** What was read to prove, in words. */
export function explainProof(
  proof: Pick<Proof, 'method' | 'fallback' | 'relations' | 'whole' | 'blocks' | 'rows'>,
): string {
  const { method, fallback, relations, whole, blocks, rows } = proof;
  const count = (n: number | string): string => BigInt(n).toLocaleString('en-US');
  return method === 'changed blocks'
    ? `${count(relations)} relations by ${count(blocks)} changed blocks and ${count(whole)} relations read whole: ${count(rows)} rows`
    : `${count(relations)} relations read whole: ${count(rows)} rows${fallback === null ? '' : ` (${printable(fallback)})`}`;
}

/** A problem for each relation that the release changes and whose rows could not be compared. */
export function incomplete(proof: Proof, touched: ReadonlySet<string>): readonly Problem[] {
  return proof.notProven
    .filter(({ relation }) => touched.has(relation))
    .map(({ relation, reason }) => ({
      code: 'PROOF_INCOMPLETE' as const,
      problem: printable(`the release changes ${relation}, and its rows cannot be compared: ${reason}`),
      fix: 'let the role of the clone read it, or leave it out of this release',
    }));
}

/** A problem for each index of a changed table that may hold what is not in the table. */
export function stale(doubtful: readonly DoubtfulIndex[]): readonly Problem[] {
  return doubtful.slice(0, shown).map(({ table, index, ingredient }) => ({
    code: 'PROOF_INCOMPLETE' as const,
    problem: printable(
      `the contents of index ${index} are not proven: rows of ${table} were written, and so was ${ingredient}, which the index is made with`,
    ),
    fix: printable(`let down.sql end with: reindex index ${index}`),
  }));
}

/** A problem where the state behind a one-way tier could not be compared: nothing else proves the rollback of what comes after it. */
export function unprovenBoundary(result: BoundaryResult | undefined, after: TierId): readonly Problem[] {
  if (result !== undefined && result.state !== 'not proven') return [];
  return [
    {
      code: 'PROOF_INCOMPLETE',
      problem: printable(
        `tier ${after} is one-way, and what was behind it is not proven: ${result?.reason ?? 'the twin did not come so far'}`,
      ),
      fix: 'run `oneroof rehearse --full`, or make the tables that later tiers write to comparable',
    },
  ];
}

/** How many differences are named as problems, and how many the record keeps. */
const shown = 10;
const kept = 100;

/** The differences that count at a level, as problems. */
export function explained(
  differences: readonly Difference[],
  as: { readonly code: Problem['code']; readonly level: Difference['level'] },
): readonly Problem[] {
  const counted = differences.filter((one) => as.level === 'strict' || one.level === 'logical');
  return counted.slice(0, shown).map((one) => ({
    code: as.code,
    problem: printable(explainDifference(one)),
    fix: restoring(one),
  }));
}

function restoring({ in: where, name, property, before, whiteSpace }: Difference): string {
  if (whiteSpace !== undefined)
    return printable(
      `let down.sql put the text of ${name} back as it was (json keeps white space), e.g. from a copy that up.sql keeps; or make the column jsonb in an earlier release`,
    );
  if (where === 'sequence' && property !== null)
    return printable(`let down.sql set it: select setval('${name.replaceAll("'", "''")}', ${String(before)}, false)`);
  return `correct down.sql so that ${printable(name)} is as it was before`;
}

const causes = 'now(), random(), LIMIT without ORDER BY, or keys that a sequence gives';

/** What differs between two forwards, each with its columns where they could be told, as problems. */
export function varying(
  found: readonly { readonly difference: Difference; readonly columns: readonly string[] }[],
  code: 'FORWARD_VARIES' | 'FORWARD_NOT_REPEATABLE' = 'FORWARD_VARIES',
): readonly Problem[] {
  const which = code === 'FORWARD_VARIES' ? 'two forwards differ' : 'the forward after a rollback ends elsewhere';
  return found.slice(0, shown).map(({ difference, columns }) => {
    const names = columns.map((column) => `${difference.name}.${column}`);
    const what = columns.length === 0 ? `: ${explainDifference(difference)}` : ` in ${names.join(', ')}`;
    // keys that come from a sequence differ in the number of rows too, where others refer to them
    const declare =
      difference.in === 'rows'
        ? `add ${columns.length === 0 ? `the columns of ${difference.name} that differ` : names.join(', ')} to \`varies\` in release.yaml (varies: [${columns.length === 0 ? `${difference.name}.COLUMN` : names.join(', ')}])`
        : 'write it so that it makes the same each time';
    return {
      code,
      problem: printable(`${which}${what}; the usual causes: ${causes}`),
      fix: printable(`take the cause out of the up.sql, or ${declare}`),
    };
  });
}

/** The columns that a release declares to vary, by schema and table. */
export function declaredColumns(varies: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const declared = new Map<string, Set<string>>();
  for (const name of varies) {
    const [schema = '', table = '', column = ''] = name.split('.');
    const key = columnsKey({ schema, table });
    declared.set(key, (declared.get(key) ?? new Set()).add(column));
  }
  return declared;
}
