import { parse, stringify } from 'yaml';
import { OneRoofError, stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { type Release, type Tier } from './release.ts';

/** What of a release is rolled out, by the rows of the gate. */
export interface RolledOut {
  readonly target: string;
  /** Tiers with a marker up and none down. */
  readonly tiers: readonly string[];
  /** Tiers of which a part is done, in either direction. */
  readonly halfWay: readonly string[];
  /** Commands of the release that is rolled out, as its folder and target were named. */
  readonly commands: { readonly rollback: string; readonly rollout: string; readonly elsewhere: string };
}

/** Members of release.yaml that are of this release alone. */
const ownMembers = ['gates', 'options', 'next', 'barred', 'import'];

/**
 * Drafts the release that undoes what is rolled out, for the state as it is: its ups are the downs, last tier first, its downs the ups. It is
 * a release like any other: it is read, sealed, rehearsed and ratified by itself, so it does not depend on the state that was ratified.
 *
 * Errors  DRAFT_IMPOSSIBLE where nothing is rolled out, a tier is half way, or the last one is one-way.
 */
export function draftBack(files: ReleaseFiles, release: Release, rolledOut: RolledOut): ReadonlyMap<string, string> {
  const undone = tiersToUndo(release, rolledOut);
  const tiers = undone.map((tier, index) => ({ tier, id: `${index + 1}-back-${tier.id.replace(/^\d+-/, '')}` }));
  const sql = tiers.flatMap(({ tier, id }): readonly (readonly [string, string])[] => {
    const note = (of: string): string =>
      `-- DRAFT from the ${of} of tier ${tier.id} of ${release.name}. Read it, and change it to fit the present state.\n`;
    const text = (name: 'up' | 'down'): string => files.get(`tiers/${tier.id}/${name}.sql`) ?? '';
    return [
      [`tiers/${id}/up.sql`, note('down') + text('down')],
      [`tiers/${id}/down.sql`, note('up') + text('up')],
    ];
  });
  const metrics = [...files].filter(([path]) => path.startsWith('metrics/'));
  return new Map([['release.yaml', manifestOf(files, { release, rolledOut, tiers })], ...sql, ...metrics]);
}

/** The tiers that are rolled out above the last one-way tier, last one first. */
function tiersToUndo({ name, tiers }: Release, { target, tiers: done, halfWay, commands }: RolledOut): readonly Tier[] {
  const [half] = halfWay;
  if (half !== undefined)
    throw new OneRoofError('DRAFT_IMPOSSIBLE', {
      ...stated`tier ${{ tier: half }} of ${{ name }} is half way on ${{ target }}: neither its up.sql nor its down.sql fits that state`,
      fix: `finish the tier first: ${commands.rollback}, or ${commands.rollout}`,
    });
  const last = tiers.filter(({ id }) => done.includes(id)).toReversed();
  const oneWay = last.findIndex((tier) => tier.oneWay !== null);
  // an outside tier that only reindexes and vacuums has no statement to undo it
  const undone = (oneWay < 0 ? last : last.slice(0, oneWay)).filter(
    ({ transaction, down }) => transaction !== 'outside' || down.length > 0,
  );
  if (undone.length > 0) return undone;
  const [newest] = last;
  throw new OneRoofError('DRAFT_IMPOSSIBLE', {
    ...(newest === undefined
      ? stated`no part of ${{ name }} is rolled out on ${{ target }}`
      : newest.oneWay === null
        ? stated`no statement of ${{ name }} has to be undone on ${{ target }}`
        : stated`tier ${{ tier: newest.id }} of ${{ name }} is one-way: it has no down.sql`),
    fix:
      newest === undefined
        ? `name the target where it is rolled out: ${commands.elsewhere}`
        : 'write a new release for the change: oneroof init NAME',
  });
}

/** The up of the other release was never written to be run from the midst of itself, which a tier that commits step by step has to bear as a down. */
function transactionOf({ transaction, up, down }: Tier): Tier['transaction'] {
  return [...up, ...down].every(({ transactional }) => transactional) ? 'single' : transaction;
}

function manifestOf(
  files: ReleaseFiles,
  of: {
    readonly release: Release;
    readonly rolledOut: RolledOut;
    readonly tiers: readonly { readonly tier: Tier; readonly id: string }[];
  },
): string {
  const { release, rolledOut, tiers } = of;
  // as it was written, so that durations and sizes stay as a person wrote them
  const written = parse(files.get('release.yaml') ?? '') as Readonly<Record<string, unknown>>;
  const kept = Object.fromEntries(Object.entries(written).filter(([member]) => !ownMembers.includes(member)));
  const { rollout = [], rollback = [] } = (written['after'] ?? {}) as Readonly<Record<string, unknown[]>>;
  const { always = {} } = (written['invariants'] ?? {}) as Readonly<Record<string, object>>;
  const manifest = {
    ...kept,
    name: `${release.name.slice(0, 58).replace(/-$/, '')}-back`,
    title: `Undo ${release.title}`.slice(0, 300),
    summary: `DRAFT. Undoes ${tiers.map(({ tier }) => tier.id).join(', ')} of ${release.name}, as rolled out on ${rolledOut.target}, from the present state.`,
    // what held before the other release may not hold any more; what must hold always still must
    invariants: { always },
    tiers: tiers.map(({ tier, id }) => ({
      id,
      title: `Undo ${tier.title}`.slice(0, 300),
      transaction: transactionOf(tier),
      ...(tier.wait === undefined ? {} : { wait: `${tier.wait}ms` }),
    })),
    after: { rollout: rollback, rollback: rollout },
  };
  return [
    `# DRAFT, written by oneroof draft back from ${release.name}. It is not a rollback: nothing in it is proven yet.`,
    '# Read every statement. Say under invariants what must hold before (greenfield) and after (finalized).',
    '# A tier that committed step by step is one transaction here, if all its statements can run in one.',
    '# Next: oneroof lint, oneroof seal, oneroof rehearse --golden, oneroof ratify, oneroof rollout.',
    stringify(manifest, { lineWidth: 120 }),
  ].join('\n');
}
