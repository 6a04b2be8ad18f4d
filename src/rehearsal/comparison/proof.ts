import { type Digest, type Problem, printable, stated } from '../../core/index.ts';
import {
  allBelow,
  columnsKey,
  type ComparedSchemas,
  type Difference,
  differenceTree,
  type DoubtfulIndex,
  explainDifference,
  explainMore,
  explainNode,
  fingerprintOf,
  heaviest,
  type KeyedObject,
  nodeFacts,
  nodeLines,
} from '../../fingerprint/index.ts';
import { nothingDone, type ReleaseWork, remedyText, restoring } from '../changes/index.ts';
import { type CloneDifference, schemasOf } from './clone-difference.ts';
import { type Proof } from './proof-form.ts';
import { splitName } from './relation-name.ts';

/** The record of a proof. The differences that decide come first among those that are kept. */
export function proofOf(found: {
  readonly standing: CloneDifference;
  readonly differences: readonly Difference[];
  readonly seeds: readonly [string, string];
  readonly durationMs: number;
}): Proof {
  const { standing, differences, seeds, durationMs } = found;
  const { delta, data } = standing;
  const logical = differences.filter((one) => one.level === 'logical');
  const { method, fallback, notProven, relations, whole, blocks, rows } = data;
  const kept = heaviestFirst(differences, schemasOf(standing)).slice(0, mostKept);
  return {
    method,
    fallback,
    strict: differences.length === 0 ? 'equal' : 'different',
    logical: logical.length > 0 ? 'different' : 'equal',
    differences: kept,
    differenceCount: differences.length,
    notProven,
    relations,
    whole,
    blocks,
    rows,
    objects: delta.objects.length,
    seeds,
    schemaDigest: { before: digestOf(delta.originals), after: digestOf(delta.objects) },
    dataDigest: data.digest,
    durationMs,
  };
}

function digestOf(objects: readonly KeyedObject[]): Digest {
  return fingerprintOf(objects, []).digest;
}

/** The roots of the tree before what is below them, so that a record that keeps few keeps the causes; logical before strict. */
function heaviestFirst(differences: readonly Difference[], schemas: ComparedSchemas): readonly Difference[] {
  const roots = differenceTree(differences, schemas);
  const all = [...roots, ...roots.flatMap(allBelow)].flatMap(({ own }) => own);
  return (['logical', 'strict'] as const).flatMap((level) => all.filter((one) => one.level === level));
}

/** What was read to prove, in words. */
export function explainProof(
  proof: Pick<Proof, 'method' | 'fallback' | 'relations' | 'whole' | 'blocks' | 'rows'>,
): string {
  const { method, fallback, relations, whole, blocks, rows } = proof;
  const count = (n: number | string): string => BigInt(n).toLocaleString('en-US');
  if (relations === 0) return 'no relation holds rows';
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
      ...stated`the release changes ${{ relation: printable(relation) }}, and its rows cannot be compared: ${{ why: printable(reason) }}`,
      fix: reason.startsWith('column ')
        ? 'give the column a type whose values can be compared in an earlier release, or leave the table out of this one'
        : 'let the role of the clone read it, or leave it out of this release',
    }));
}

/** A problem for each index of a changed table that may hold what is not in the table. */
export function stale(doubtful: readonly DoubtfulIndex[]): readonly Problem[] {
  return doubtful.slice(0, shown).map(({ table, index, ingredient }) => ({
    code: 'PROOF_INCOMPLETE' as const,
    ...stated`the contents of index ${{ index: printable(index) }} are not proven: rows of ${{ table: printable(table) }} were written, and so was ${{ object: printable(ingredient) }}, which the index uses`,
    fix: printable(`let down.sql end with: reindex index ${index}`),
  }));
}

/** How many independent differences are named as problems, and how many differences the record keeps. */
const shown = 10;
const mostKept = 100;

/** The differences that count at a level, as problems: one for each root of their tree. */
export function explained(
  differences: readonly Difference[],
  as: {
    readonly code: Problem['code'];
    readonly level: Difference['level'];
    readonly schemas?: ComparedSchemas;
    readonly work?: ReleaseWork;
  },
): readonly Problem[] {
  const { code, level, schemas, work = nothingDone } = as;
  const counted = differences.filter((one) => level === 'strict' || one.level === 'logical');
  const found = heaviest(counted, schemas);
  const more = explainMore(found);
  return [
    ...found.roots.map((root): Problem => {
      const lines = nodeLines(root);
      const fix = remedyText(restoring(root, work, schemas));
      return {
        code,
        problem: explainNode(root),
        facts: nodeFacts(root),
        fix,
        ...(lines.length === 0 ? {} : { detail: lines }),
      };
    }),
    ...(more === null
      ? []
      : [
          {
            code,
            ...stated`${{ differences: more }}`,
            fix: 'correct what is named above, and rehearse again: then the rest is named',
          },
        ]),
  ];
}

const causes = 'now(), random(), LIMIT without ORDER BY, or keys that a sequence gives';

/** The differences between two forward runs as problems, each with its columns if known. */
export function varying(
  found: readonly { readonly difference: Difference; readonly columns: readonly string[] }[],
  code: 'FORWARD_VARIES' | 'FORWARD_NOT_REPEATABLE' = 'FORWARD_VARIES',
): readonly Problem[] {
  const which =
    code === 'FORWARD_VARIES' ? 'two forward runs differ' : 'the forward run after a rollback ends in another state';
  return found.slice(0, shown).map(({ difference, columns }) => {
    const names = columns.map((column) => `${difference.name}.${column}`);
    const what = columns.length === 0 ? `: ${explainDifference(difference)}` : ` in ${names.join(', ')}`;
    // keys that come from a sequence differ in the number of rows too, where others refer to them
    const declare =
      difference.in === 'rows'
        ? `add ${columns.length === 0 ? `the columns of ${difference.name} that differ` : names.join(', ')} to \`varies\` in release.yaml (varies: [${columns.length === 0 ? `${difference.name}.COLUMN` : names.join(', ')}])`
        : declarable(difference)
          ? `add ${plain(difference)} to \`varies\` in release.yaml (varies: [${plain(difference)}])`
          : 'write it so that it has the same result each time';
    return {
      code,
      ...stated`${{ run: printable(which) }}${{ difference: printable(what) }}; the usual causes: ${{ causes: printable(causes) }}`,
      fix: printable(`remove the cause from the up.sql, or ${declare}`),
    };
  });
}

/** What `varies` can name beside values: a column's default, and what a view, materialized view or sequence is made with. */
function declarable({ in: where, kind, property }: Difference): boolean {
  if (where !== 'schema' || property === null) return false;
  return kind === 'column' ? property === 'default' : ['view', 'materialized view', 'sequence'].includes(kind);
}

/** A name as `varies` has it, without quotes. */
function plain({ name }: Difference): string {
  return splitName(name).join('.');
}

/** Whether a release declares that this part of its schema varies. */
export function isDeclared(difference: Difference, varies: readonly string[]): boolean {
  return declarable(difference) && varies.includes(plain(difference));
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
