import { z } from 'zod';
import {
  type Formed,
  instantForm,
  type NonEmpty,
  OneRoofError,
  type Problem,
  printable,
  stated,
} from '../../core/index.ts';
import { type Golden, type SourceIdentity } from '../../clone/index.ts';

/** How many objects are named; the others are counted. */
export const mostNamed = 20;

const differenceForm = z.object({ kind: z.string(), name: z.string(), change: z.enum(['gone', 'new', 'changed']) });

/**
 * How the golden copy stood to production when a rehearsal on it began. `known`: the same database, by its gate or its server's own numbers;
 * `not known`: neither tells, as of a dump that was restored elsewhere from a database without a gate.
 */
export const productionForm = z.discriminatedUnion('compared', [
  z.object({
    compared: z.literal('yes'),
    target: z.string(),
    at: instantForm,
    identity: z.enum(['known', 'not known']),
    /** The first of the objects by whose logical properties they differ, by kind and name; `gone`: production has it no more. */
    differs: z.array(differenceForm),
    /** How many there are. */
    count: z.number(),
  }),
  z.object({ compared: z.literal('no'), target: z.string(), at: instantForm, why: z.string() }),
]);
export type AgainstProduction = Formed<typeof productionForm>;

/** What tells a database from others: the numbers of its server, and what its gate drew. */
export interface Identity {
  readonly source: Pick<SourceIdentity, 'systemIdentifier' | 'databaseOid'> | null;
  readonly incarnation: string | null;
}

/**
 * Says whether a golden copy is one of this database. A gate's incarnation goes with every copy of it; the server's numbers are those of the
 * original only where the copy was made of its files.
 */
export function isCopyOf(
  golden: { readonly golden: Pick<Golden, 'provider' | 'source'>; readonly incarnation: string | null },
  production: Identity,
): 'yes' | 'no' | 'not known' {
  if (golden.incarnation !== null && production.incarnation !== null)
    return golden.incarnation === production.incarnation ? 'yes' : 'no';
  const { provider, source } = golden.golden;
  const isOfFiles = provider === 'physical' || (provider !== 'template' && source.systemIdentifier !== '');
  if (!isOfFiles || production.source === null) return 'not known';
  const { systemIdentifier, databaseOid } = production.source;
  const isSame = source.systemIdentifier === systemIdentifier && source.databaseOid === databaseOid;
  // a program may have made the copy by SQL: other numbers say nothing then
  if (provider === 'exec' && !isSame) return 'not known';
  return isSame ? 'yes' : 'no';
}

/** Refuses a rehearsal on a golden copy of another database: what it proves says nothing of the target. */
export function otherDatabase(golden: Pick<Golden, 'source' | 'takenAt'>, target: string): OneRoofError {
  return new OneRoofError('GOLDEN_OTHER', {
    ...stated`the golden copy of ${{ database: printable(golden.source.database) }}, taken ${{ takenAt: golden.takenAt }}, is a copy of another database than target ${{ target: printable(target) }}, or from before it was adopted`,
    fix: `let \`clone:\` of oneroof.yaml name the database of target ${printable(target)}, then rehearse with --golden`,
  });
}

/** Refuses a rehearsal on a golden copy that is not as production is any more; null where there is nothing to refuse. */
export function staleGolden({ takenAt }: Pick<Golden, 'takenAt'>, production: AgainstProduction): OneRoofError | null {
  if (production.compared === 'no' || production.count === 0) return null;
  return new OneRoofError('GOLDEN_STALE', {
    ...stated`${{ production: explainProduction(production) }} (golden copy taken ${{ takenAt }})`,
    fix: 'rehearse with --golden: it takes a new golden copy first; with --stale: it rehearses on this one, and tells the signers so',
  });
}

/** One line. */
export function explainProduction(production: AgainstProduction): string {
  if (production.compared === 'no')
    return `the golden copy was not compared with target ${printable(production.target)}: ${printable(production.why)}`;
  const { target, differs, count } = production;
  if (count === 0) return `the golden copy and target ${printable(target)} had the same objects`;
  const named = differs.map(({ kind, name, change }) => `${kind} ${printable(name)} (${words[change]})`);
  const more = count - named.length;
  return `target ${printable(target)} differs from the golden copy: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

const words = { gone: 'no longer exists', new: 'new', changed: 'changed' } as const;

/** Why production could not be read, in one line. */
export function whyNot(problems: NonEmpty<Problem>): string {
  const [{ problem, fix }] = problems;
  return `${problem} (${fix})`;
}
