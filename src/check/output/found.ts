import { digest, type Digest } from '../../core/index.ts';
import { hazardInProduction } from '../in-production.ts';
import {
  type CheckResult,
  type Fault,
  faultCodes,
  type Hazard,
  hazardCodes,
  type Level,
  type Spot,
} from '../check-result.ts';

/** One fault or hazard in the form that every output needs. */
export interface FoundFault {
  readonly code: Fault['code'] | Hazard['code'];
  readonly level: Level;
  readonly spot: Spot;
  /** The migration; empty for the history before the judged ones. */
  readonly migration: string;
  readonly name: string;
  /** What happened, in one line. */
  readonly cause: string;
  readonly detail: readonly string[];
  /** What to do, in one line. */
  readonly fix: string;
  /** The same for the same fault in another run, on whatever line it is. */
  readonly key: Digest;
}

/** What each code says, in a few words. */
export const codeTitles: Readonly<Record<FoundFault['code'], string>> = {
  'no-down': 'The migration has no down migration.',
  'empty-down': 'The down migration does nothing.',
  'down-fails': 'The down migration fails.',
  'schema-not-restored': 'The down migration does not restore the schema.',
  'data-lost': 'Up and down together lose data.',
  'data-changed': 'Up and down together change data.',
  'column-order': 'The down migration restores all but the order of columns.',
  'up-fails': 'The migration fails.',
  'up-fails-on-rows': 'The migration fails on tables that have rows.',
  'up-fails-after-down': 'The migration cannot run again after its own down migration.',
  'up-differs-after-down': 'After its own down migration, the migration gives another schema.',
  'needs-no-transaction': 'The migration cannot run in a transaction.',
  'not-judged': 'The migration could not be judged.',
  'rewrites-table': 'A statement rewrites a table that has rows.',
  'scans-table': 'A statement reads a whole table under a lock.',
  'index-blocks-writes': 'An index is built while writes wait.',
  'not-null-scans': 'SET NOT NULL reads the whole table under a lock.',
  'drops-column': 'A statement drops a column that has data.',
  'drops-table': 'A statement drops a table that has rows.',
  'drops-others': 'A statement drops other objects along with what it names.',
  renames: 'A table or column gets another name, which what runs does not know.',
  'updates-all-rows': 'One transaction updates every row of a table.',
  'refresh-blocks-reads': 'A materialized view is refreshed while no one can read it.',
  'leaves-invalid-index': 'A cut-off CREATE INDEX CONCURRENTLY leaves an invalid index.',
};

/** Every code, in the order of the verdicts. */
export const allCodes: readonly FoundFault['code'][] = [...faultCodes, ...hazardCodes];

/** All that was found: the history first, then each migration in order. */
export function foundIn(result: CheckResult): readonly FoundFault[] {
  return [
    ...result.history.map((fault) => ofFault(fault, { id: '', name: 'history' })),
    ...result.migrations.flatMap((migration) => [
      ...migration.faults.map((fault) => ofFault(fault, migration)),
      ...migration.hazards.map((hazard) => ofHazard(hazard, migration)),
    ]),
  ];
}

interface Whose {
  readonly id: string;
  readonly name: string;
}

function ofFault({ code, level, spot, cause, detail, fix }: Fault, { id, name }: Whose): FoundFault {
  // the history has no migration to be known by: its file is
  return {
    code,
    level,
    spot,
    migration: id,
    name,
    cause,
    detail,
    fix,
    key: keyOf(id === '' ? spot.file : id, code, [cause, ...detail.toSorted()]),
  };
}

function ofHazard(hazard: Hazard, { id, name }: Whose): FoundFault {
  const { code, level, spot, relation, statement, measured, rule, safer } = hazard;
  const detail = [
    ...hazardInProduction(hazard),
    `statement: ${statement}`,
    ...(safer === null ? [] : [`safer: ${safer}`]),
  ];
  return {
    code,
    level,
    spot,
    migration: id,
    name,
    cause: `${relation}: ${measured}`,
    detail,
    fix: rule,
    key: keyOf(id, code, [`${relation} ${statement}`]),
  };
}

/** By what stays when lines above the fault are added or removed, or other rows were made. */
function keyOf(migration: string, code: string, causes: readonly string[]): Digest {
  const lasting = causes.map((cause) =>
    cause.replaceAll(/(?<=\S):\d+(?::\d+)?\b|\bline \d+\b/g, '').replaceAll(/\b[\d,]+ rows?\b/g, 'rows'),
  );
  return digest('fault', [migration, code, ...lasting]);
}
