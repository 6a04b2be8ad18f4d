import { explainRows, type Rehearsal, type StepMeasure } from '../rehearsal/index.ts';
import { type Release } from '../release/index.ts';
import { type Dossier, type Loss } from './dossier.ts';
import { madeRelations, releasedSteps } from './measures.ts';

/** The kinds of objects that hold data of users. */
const holding = ['table', 'foreign table'];
/** Statements that rewrite a relation and keep its rows. */
const keeping = /^(AlterTable|Cluster|Vacuum|Reindex|RefreshMatView|Index|Drop|Create)/;

/**
 * Finds data that users wrote after the rollout and lose in a rollback. Only from measurements: what the forward run created and
 * the rollback removes, and what the rollback itself wrote.
 */
export function lossesOf(release: Release, subject: Rehearsal): readonly Loss[] {
  const steps = releasedSteps(subject, release, 'down');
  if (steps.length === 0) return [];
  const kinds = new Map(release.tiers.flatMap(({ down }) => down.map((step) => [step.digest as string, step.kind])));
  return [
    ...madeAndTaken(release, subject),
    ...overwritten(steps, subject),
    ...emptied(steps, kinds),
    ...setBack(subject),
  ];
}

function madeAndTaken(release: Release, subject: Rehearsal): readonly Loss[] {
  const { changes } = subject;
  if (changes === null || changes === undefined)
    return [{ relation: '*', text: 'unknown: the rehearsal did not record what the forward run creates' }];
  const end = takenAway(release, subject);
  const tables = madeRelations(subject);
  const losses = changes.objects.flatMap(({ kind, name, change, properties }): readonly Loss[] => {
    const relation = tableOf(name);
    if (change === 'made' && holding.includes(kind))
      return [{ relation: name, text: `all rows written to it: ${end}` }];
    if (kind !== 'column' || tables.has(relation)) return [];
    const column = name.slice(relation.length + 1);
    if (change === 'made') return [{ relation, text: `all values written to its column ${column}: ${end}` }];
    if (change === 'dropped')
      return [
        {
          relation,
          text: `column ${column} is dropped, and the rollback creates it again: rows written meanwhile have no value of a user in it`,
        },
      ];
    return properties
      .filter((property) => property.name === 'type')
      .map(({ before, after }) => ({
        relation,
        text: `column ${column} goes back from ${after} to ${before}: values written meanwhile that do not fit are changed, or stop the rollback`,
      }));
  });
  const more = changes.count - changes.objects.length;
  return more > 0
    ? [
        ...losses,
        {
          relation: '*',
          text: `${more} more objects changed than the rehearsal recorded; the others are not examined`,
        },
      ]
    : losses;
}

/** How certain it is that a new object is dropped, with the data in it. */
function takenAway({ tiers }: Release, subject: Rehearsal): string {
  const { proof } = subject;
  if (proof?.logical !== 'equal') return 'it was not measured whether the rollback removes it';
  const renames = tiers.some(({ up }) => up.some(({ kind }) => /^(Rename|AlterObjectSchema)Stmt$/.test(kind)));
  const carries = releasedSteps(subject, { tiers }, 'down').some(({ rowsByRelation }) =>
    rowsByRelation.some(({ inserted, updated }) => inserted + updated > 0),
  );
  return [
    'the rollback removes it',
    ...(renames ? ['if it is renamed, its rows stay'] : []),
    ...(carries ? ['except the rows that statements of the rollback copy'] : []),
  ].join('; ');
}

/** The name without its last part. */
function tableOf(name: string): string {
  return name.replace(/\.(?:"(?:[^"]|"")*"|[^."]+)$/, '');
}

function overwritten(steps: readonly StepMeasure[], subject: Rehearsal): readonly Loss[] {
  const made = madeRelations(subject);
  const found = new Map<string, { updated: number; deleted: number }>();
  for (const { relation, updated, deleted } of steps.flatMap((step) => step.rowsByRelation)) {
    if (made.has(relation)) continue;
    const sum = found.get(relation) ?? { updated: 0, deleted: 0 };
    found.set(relation, { updated: sum.updated + updated, deleted: sum.deleted + deleted });
  }
  return [...found].flatMap(([relation, { updated, deleted }]) => [
    ...(deleted > 0
      ? [
          {
            relation,
            text: `the rollback deleted ${counted(deleted)} on the copy: edits of these rows are lost, and so are rows written meanwhile that its conditions match`,
          },
        ]
      : []),
    ...(updated > 0
      ? [
          {
            relation,
            text: `the rollback updated ${counted(updated)} on the copy: it overwrites edits that users make meanwhile in the same columns of these rows`,
          },
        ]
      : []),
  ]);
}

const counted = (rows: number): string => `${rows} row${rows === 1 ? '' : 's'}`;

function emptied(steps: readonly StepMeasure[], kinds: ReadonlyMap<string, string>): readonly Loss[] {
  return steps.flatMap((step) => {
    const { digest, rewritten, rewrittenTables = rewritten } = step;
    const kind = kinds.get(digest) ?? '';
    if (kind === 'TruncateStmt')
      return rewrittenTables.map((relation) => ({
        relation,
        text: 'the rollback empties it: every row, also rows written meanwhile',
      }));
    if (keeping.test(kind)) return [];
    return rewrittenTables.map((relation) => ({
      relation,
      text: 'a statement of the rollback gave it a new file: it may have removed its rows, also rows written meanwhile',
    }));
  });
}

/** A sequence that the forward run moved and that is equal again was set back: sequences do not roll back by themselves. */
function setBack({ changes, proof }: Rehearsal): readonly Loss[] {
  if (proof === null) return [];
  const differs = new Set(proof.differences.flatMap((one) => (one.in === 'sequence' ? [one.name] : [])));
  // where not every difference was kept, which of the sequences are equal again is not known
  if (proof.differenceCount > proof.differences.length) return [];
  return (changes?.sequences ?? [])
    .filter((sequence) => !differs.has(sequence))
    .map((relation) => ({
      relation,
      text: 'the rollback resets the sequence: it returns numbers again that it returned meanwhile',
    }));
}

/** What happens to rows and is easily missed; each absent where there is nothing. */
export function rowFindings({
  changes,
}: Rehearsal): Pick<Dossier['changes'], 'emptied' | 'unmatched' | 'behind' | 'skipped'> {
  const found = Object.entries(explainRows(changes)).filter(([, texts]) => texts.length > 0);
  return Object.fromEntries(found.map(([name, texts]) => [name, [...texts]]));
}
