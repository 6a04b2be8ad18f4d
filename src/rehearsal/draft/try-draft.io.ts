import { OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { type Session, sql } from '../../database/index.ts';
import { type Difference, drawSeeds, SchemaDeltas } from '../../fingerprint/index.ts';
import { type Release, type Tier, type TierId } from '../../release/index.ts';
import { forwardOrder } from '../boundaries/index.ts';
import {
  compareTwoClones,
  type Comparing,
  explained,
  type MarkedClone,
  touchedBy,
  withMarkedClone,
} from '../comparison/index.ts';
import { type RehearsalOptions } from '../request/index.ts';
import { readRole, sessionRole, withReleaseSession } from '../session/index.ts';
import { runTier } from '../tier/index.ts';
import { begunDraft, type Draft, type FoundAfter, furthered, keepingOf, type Part, withoutUnkept } from './draft.ts';
import { noChecks, type DraftPlace, upRefused, runUp, draftSteps, runUndo, type Unkept } from './run-draft.io.ts';

/** What a draft is made of. */
export interface DraftOptions extends Pick<RehearsalOptions, 'host' | 'owner' | 'signal'> {
  /** Its tier needs no down. */
  readonly release: Release;
  readonly tier: TierId;
  /** What the down has to begin and to end with, because the tier is a migration of another tool, whose up nobody changes; null: nothing. */
  readonly around: readonly [string, string] | null;
  /** Told at the begin of each pass, from 1. */
  readonly onPass?: (pass: number) => void;
}

/** The draft of a rollback. */
export interface DraftedDown {
  /** What the up.sql has to begin and to end with, so that the down has the rows that it brings back; empty where it brings none back. */
  readonly begin: readonly string[];
  readonly end: readonly string[];
  readonly down: readonly string[];
  /** What it does not undo, each with what a person can write. */
  readonly left: readonly Problem[];
}

/** A draft that is not whole after so many passes needs a person. */
const mostPasses = 5;

/**
 * Drafts the rollback of a tier: runs the release on clones up to and with the tier, and writes what undoes each difference, until none is
 * left or nothing more is known. The server decides the order, by what it takes. Nothing of it is a proof: a rehearsal judges it.
 *
 * Errors  REHEARSAL_NO_GOLDEN, DRAFT_IMPOSSIBLE, INTERRUPTED, those of making clones.
 */
export async function draftDown(options: DraftOptions): Promise<DraftedDown> {
  const { host, release, tier: id, around } = options;
  const isUpFixed = around !== null;
  const tier = tierOf(release, id);
  const golden = await host.golden();
  if (golden === null)
    throw new OneRoofError('REHEARSAL_NO_GOLDEN', {
      ...stated`there is no golden copy to draft a rollback on`,
      fix: 'run `oneroof clone golden` first',
    });
  const by: Comparing = {
    // as for a rehearsal: that such a clone has the blocks of the golden copy is the service's word
    options: { ...options, release: { release }, ...(golden.provider === 'exec' ? { full: true as const } : {}) },
    seeds: drawSeeds(),
    deltas: new SchemaDeltas(),
  };
  return await withMarkedClone(options, `draft for ${release.name} before ${id}`, async (before) => {
    const as = await asRollout(before, release);
    await runEarlier(before, { release: as, tier }, by);
    let draft = begunDraft(tier, release.settings.searchPath);
    for (let pass = 1; ; ) {
      options.onPass?.(pass);
      const tried = await withMarkedClone(options, `draft for ${release.name} after ${id}`, (after) =>
        tryDraft({ before, after, release: as, tier, draft, around }, by),
      );
      if ('unkept' in tried) draft = withoutUnkept(draft, tried.unkept, tried.said);
      else {
        const isEnd = tried.differences.length === 0 || pass === mostPasses;
        const more = isEnd ? null : furthered(draft, tried, { ...tier, isUpFixed });
        if (more === null) return asDrafted(draft, tried, around);
        draft = more;
        pass += 1;
      }
    }
  });
}

function tierOf({ tiers }: Release, id: TierId): Tier {
  const tier = tiers.find((one) => one.id === id);
  const impossible = (why: ReturnType<typeof stated>, fix: string): OneRoofError =>
    new OneRoofError('DRAFT_IMPOSSIBLE', { ...why, fix });
  if (tier === undefined)
    throw impossible(
      stated`the release has no tier ${{ tier: printable(id) }}`,
      `name one of its tiers: ${tiers.map((one) => one.id).join(', ')}`,
    );
  if (tier.oneWay !== null)
    throw impossible(
      stated`tier ${{ tier: id }} is one-way: ${{ why: printable(tier.oneWay) }}`,
      'remove `oneWay` from the tier in release.yaml, if it can be undone after all',
    );
  if (tier.batched !== undefined)
    throw impossible(
      stated`tier ${{ tier: id }} runs in batches, and a draft is written for the whole tier at once`,
      `write tiers/${id}/down.sql with BETWEEN $1 AND $2, as docs/FORMAT.md says under "Batches"`,
    );
  return tier;
}

/** The release with the role that a rollout has. */
async function asRollout({ clone }: MarkedClone, release: Release): Promise<Release> {
  const { role, problems } = await readRole(clone.connection, release.settings.role);
  OneRoofError.throwIfAny(problems);
  return { ...release, settings: { ...release.settings, role: sessionRole(role) } };
}

async function runEarlier({ clone }: MarkedClone, { release, tier }: DraftPlace, by: Comparing): Promise<void> {
  const order = forwardOrder(release.tiers);
  const earlier = order.slice(
    0,
    order.findIndex(({ id }) => id === tier.id),
  );
  const { settings } = release;
  await withReleaseSession(clone.connection, { settings, signal: by.options.signal }, async (session) => {
    for (const one of earlier) {
      const { done, problems } = await runTier(session, { tier: one, direction: 'up', before: noChecks, limits: null });
      if (!done) throw upRefused(one, problems);
    }
  });
}

/** What a draft came to on a clone. */
interface Tried extends FoundAfter {
  /** The statements that the server took, in that order. */
  readonly ran: Part;
}

async function tryDraft(
  on: DraftPlace & { readonly before: MarkedClone; readonly after: MarkedClone; readonly draft: Draft } & Pick<
      DraftOptions,
      'around'
    >,
  by: Comparing,
): Promise<Tried | Unkept> {
  const { before, after, release, draft } = on;
  await runEarlier(after, on, by);
  const { begin, end } = keepingOf(draft);
  const added = draftSteps([...begin, ...end]);
  const up = [...added.slice(0, begin.length), ...on.tier.up, ...added.slice(begin.length)];
  const tier = { ...on.tier, up };
  const { settings, requires } = release;
  const tried = await withReleaseSession(
    after.clone.connection,
    { settings, signal: by.options.signal },
    async (session) => {
      const steps = await runUp(session, { after, release, tier, isKeeping: begin.length > 0 });
      return 'unkept' in steps
        ? steps
        : { steps, ran: await runUndo(session, draft.undo, { tier, around: on.around ?? [] }) };
    },
  );
  if ('unkept' in tried) return tried;
  const { steps, ran } = tried;
  const written = new Set(touchedBy(release, steps, null).map(({ relation }) => relation));
  const compared = await compareTwoClones(before, after, { ...by, written });
  return {
    ...compared,
    differences: compared.differences.filter(({ level }) => requires === 'strict' || level === 'logical'),
    work: { tiers: [tier], steps },
    routines: await routinesOf(before.reading, compared.differences),
    ran,
  };
}

/** The definitions that functions and procedures had, as CREATE OR REPLACE. */
async function routinesOf(before: Session, differences: readonly Difference[]): Promise<ReadonlyMap<string, string>> {
  const names = differences.flatMap(({ kind, name }) => (/^(function|procedure)$/.test(kind) ? [name] : []));
  if (names.length === 0) return new Map();
  const rows = await before.query<{ key: string; definition: string }>(sql`
    select case p.prokind when 'p' then 'procedure ' else 'function ' end || x.name as key, pg_catalog.pg_get_functiondef(p.oid) as definition
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace,
      lateral (select pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))) x(name)
    where p.prokind <> 'a' and x.name = any(${[...new Set(names)]}::text[])`);
  return new Map(rows.map(({ key, definition }) => [key, definition]));
}

function asDrafted(
  draft: Draft,
  { ran, differences, schemas, work }: Tried,
  around: DraftOptions['around'],
): DraftedDown {
  const { begin, end } = keepingOf(draft);
  const left = explained(differences, { code: 'BACK_DIFFERS', level: 'strict', schemas, work }).map((one) => {
    const said = [...draft.refused].find(([sql]) => one.fix.includes(sql.replace(/;$/, '')))?.[1];
    return said === undefined
      ? one
      : { ...one, fix: `${one.fix}; as a draft, the server did not take that: ${printable(said)}` };
  });
  if (around === null) return { begin, end, down: ran, left };
  const [first, last] = around;
  const elsewhere =
    'the up is that of the migration: what it would have to keep, a tier of your own before it can keep';
  return {
    begin,
    end,
    down: [first, ...ran, last].map((text) => `${text.replace(/;\s*$/, '')};`),
    left: left.map((one) => (one.fix.includes('up.sql') ? { ...one, fix: `${one.fix}; ${elsewhere}` } : one)),
  };
}
