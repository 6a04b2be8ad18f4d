import { isSampled } from '../clone/index.ts';
import { printable, truncate } from '../core/index.ts';
import { blockedBy, heldWith, lockName, ofWhich, type Rehearsal, type StepMeasure } from '../rehearsal/index.ts';
import {
  type Direction,
  migrationFactsOf,
  toolsRecordingIn,
  type Release,
  type Step,
  type Tier,
  explainOutside,
  explainProbe,
} from '../release/index.ts';
import { type Dossier, type LockSpan, type RowChange, type StatementFacts, type DossierTier } from './dossier.ts';

/** Tenths of a millisecond: finer values are noise, and make the text long. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const inTenths = (ms: number): string => `${tenths(ms)} ms`;

/** The steps of a tier in a direction, as the first forward run and the first rollback ran them. */
export function stepsOf(of: Rehearsal, direction: Direction): readonly StepMeasure[] {
  const name = direction === 'up' ? 'forward' : 'back';
  return of.stages.find(({ stage }) => stage === name)?.steps ?? [];
}

/** The measured steps of tiers that may be rolled out: a barred tier is rehearsed too, but never runs in production. */
export function releasedSteps(of: Rehearsal, release: Pick<Release, 'tiers'>, direction: Direction) {
  const barred = new Set<string>(release.tiers.flatMap(({ id, barred }) => (barred === null ? [] : [id])));
  return stepsOf(of, direction).filter(({ tier }) => !barred.has(tier));
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

/** Relations that the forward run made. */
export function madeRelations({
  changes,
}: {
  readonly changes?:
    | { readonly objects: readonly { readonly kind: string; readonly change: string; readonly name: string }[] }
    | null
    | undefined;
}): ReadonlySet<string> {
  const kinds = ['table', 'foreign table', 'view', 'materialized view'];
  return new Set(
    (changes?.objects ?? []).flatMap(({ kind, change, name }) =>
      change === 'made' && kinds.includes(kind) ? [name] : [],
    ),
  );
}

/** The time that the statements took; null where none was reached. */
function sumMs(steps: readonly StepMeasure[]): number | null {
  return steps.length === 0 ? null : tenths(total(steps.map(({ durationMs }) => durationMs)));
}

/** How long it takes, what it writes, and what this does not show. */
export function timeOf(
  release: Release,
  subject: Rehearsal,
  { passed, unread }: { readonly passed: readonly Rehearsal[]; readonly unread: number },
): Dossier['time'] {
  const up = releasedSteps(subject, release, 'up');
  const all = passed.map((one) => sumMs(releasedSteps(one, release, 'up')) ?? 0);
  const rewrites = new Map<string, number | null>();
  for (const { rewritten, rewrittenTables, largestRewrite } of up)
    for (const relation of rewrittenTables ?? rewritten) {
      const bytes = largestRewrite?.relation === relation ? largestRewrite.bytes : null;
      rewrites.set(relation, Math.max(bytes ?? 0, rewrites.get(relation) ?? 0) || bytes);
    }
  const sampled = up.filter(({ measured }) => measured === 'sampled').length;
  return {
    forwardMs: sumMs(up) ?? 0,
    backMs: sumMs(releasedSteps(subject, release, 'down')),
    range: { leastMs: Math.min(...all), mostMs: Math.max(...all), rehearsals: all.length },
    walBytes: total(up.map(({ walBytes }) => walBytes)),
    rewrites: [...rewrites].map(([relation, bytes]) => ({ relation, bytes })),
    caveats: [
      'the times are those of the statements; commits, checks and metrics between them add to them',
      'no one else used the copy: waits for locks of others, and the load of production, add to the times',
      'the copy may be on another machine, with other memory and disks',
      ...(all.length === 1 ? ['only one rehearsal: the range of the times is unknown'] : []),
      ...(unread === 0 ? [] : [`${unread} earlier records of rehearsals cannot be read: their times are not included`]),
      ...(sampled === 0
        ? []
        : [`${sampled} statements ran outside of a transaction: locks of a few milliseconds were not seen`]),
    ],
  };
}

/** The rows that the forward run and the rollback wrote, by relation; most rows first. */
export function writtenRows(release: Release, subject: Rehearsal): readonly RowChange[] {
  type Counts = { inserted: number; updated: number; deleted: number };
  const none = (): Counts => ({ inserted: 0, updated: 0, deleted: 0 });
  const found = new Map<string, { up: Counts; down: Counts }>();
  for (const direction of ['up', 'down'] as const)
    for (const row of releasedSteps(subject, release, direction).flatMap((step) => step.rowsByRelation)) {
      const change = found.get(row.relation) ?? { up: none(), down: none() };
      for (const what of ['inserted', 'updated', 'deleted'] as const) change[direction][what] += row[what];
      found.set(row.relation, change);
    }
  const size = ({ up }: Pick<RowChange, 'up'>): number => up.inserted + up.updated + up.deleted;
  return [...found]
    .map(([relation, change]) => ({ relation, ...change }))
    .toSorted((a, b) => size(b) - size(a) || (a.relation < b.relation ? -1 : 1));
}

/**
 * The histories of migration tools that a release writes, makes or drops by statements of people: those of an import are compared with the
 * files at every reading. Known by name alone, because a rehearsal keeps no columns; absent where there are none.
 */
export function writtenHistories(
  { imported }: Release,
  changes: Pick<Dossier['changes'], 'objects' | 'rows'>,
): Pick<Dossier['changes'], 'histories'> {
  const own = imported === undefined ? null : `${imported.history.schema}.${imported.history.table}`;
  const touched = [
    ...changes.rows.filter(({ up }) => up.inserted + up.updated + up.deleted > 0).map(({ relation }) => relation),
    ...(changes.objects ?? []).filter(({ kind }) => kind === 'table').map(({ name }) => name),
  ];
  const found = [...new Set(touched)].flatMap((relation) => {
    const tools = toolsRecordingIn(relation);
    return tools.length === 0 || relation.replaceAll('"', '') === own ? [] : [{ relation, tools: [...tools] }];
  });
  return found.length === 0 ? {} : { histories: found.toSorted((a, b) => (a.relation < b.relation ? -1 : 1)) };
}

const severity: readonly LockSpan['blocks'][] = ['reads and writes', 'writes', 'schema changes'];

/** Every lock on existing relations, except those of reading: tier by tier, the most severe and longest first. */
export function locksOf(release: Release, subject: Rehearsal): readonly LockSpan[] {
  const steps = releasedSteps(subject, release, 'up');
  const made = madeRelations(subject);
  return release.tiers.flatMap(({ id, transaction }) => {
    let begun = 0;
    const spans: LockSpan[] = [];
    for (const step of steps.filter(({ tier }) => tier === id)) {
      // no one uses yet what an earlier tier created
      for (const lock of existing(step).filter(({ relation }) => !made.has(relation)))
        spans.push({
          tier: id,
          relation: lock.relation,
          mode: lockName(lock.mode),
          blocks: blockedBy(lock.mode),
          // a statement of its own transaction counts from its own begin
          fromMs: tenths(transaction !== 'single' ? begun + (lock.fromMs ?? 0) : (lock.fromMs ?? begun)),
          heldMs: tenths(heldWith(lock, step.gateMs).heldMs),
          ...(step.gateMs === undefined ? {} : { gateMs: step.gateMs === null ? null : tenths(step.gateMs) }),
        });
      begun += step.durationMs;
    }
    return spans.toSorted(
      (a, b) => severity.indexOf(a.blocks) - severity.indexOf(b.blocks) || b.heldMs - a.heldMs || a.fromMs - b.fromMs,
    );
  });
}

const existing = (step: StepMeasure): StepMeasure['locks'] =>
  step.locks.filter(
    ({ age, mode, kind = '' }) => age === 'existing' && mode !== 'AccessShareLock' && !indexes.includes(kind),
  );

/** `relkind`. Whoever locks an index has locked its table. */
const indexes: readonly string[] = ['i', 'I'];

/** Every tier with every statement, and what each did. */
export function dossierTiers(release: Release, subject: Rehearsal): readonly DossierTier[] {
  return release.tiers.map((tier) => ({
    id: tier.id,
    title: tier.title,
    transaction: tier.transaction,
    ...outsideOf(tier),
    barred: tier.barred,
    oneWay: tier.oneWay,
    ...(tier.drafted === true ? { drafted: true as const } : {}),
    ...asMigration(release, tier),
    gates: release.gates.filter(({ before }) => before === tier.id).map(({ title }) => title),
    durationMs: sumMs(stepsOf(subject, 'up').filter((step) => step.tier === tier.id)),
    up: tier.up.map((step, at) => statement(step, at, { tier, direction: 'up', subject })),
    down: tier.down.map((step, at) => statement(step, at, { tier, direction: 'down', subject })),
  }));
}

function asMigration(release: Release, { id }: Tier): Pick<DossierTier, 'migration'> {
  const migration = migrationFactsOf(release, id);
  return migration === null ? {} : { migration };
}

function outsideOf(tier: Tier): Pick<DossierTier, 'outside'> {
  const outside = explainOutside(tier);
  return outside === null ? {} : { outside };
}

/** How many notices of one statement are shown, and how many characters of each: a loop can raise a million. */
const mostNotices = 20;
const noticeCharacters = 500;

function statement(
  step: Step,
  at: number,
  of: { readonly tier: Tier; readonly direction: Direction; readonly subject: Rehearsal },
): StatementFacts {
  const measured = stepsOf(of.subject, of.direction).find(
    ({ tier, index, digest }) => tier === of.tier.id && index === at + 1 && digest === step.digest,
  );
  const notices = measured?.notices ?? [];
  const least = isSampled(of.subject.golden) ? 'at least ' : '';
  return {
    n: at + 1,
    title: step.title,
    digest: step.digest,
    sql: step.sql,
    ...(step.probe === undefined ? {} : { probe: explainProbe(step.probe) }),
    durationMs: measured === undefined ? null : tenths(measured.durationMs),
    rows: measured?.rows ?? null,
    ...(measured?.batches === undefined ? {} : { batches: batchesText(measured.batches) }),
    locks: (measured === undefined ? [] : existing(measured)).map(({ relation, mode, ...lock }) => {
      const { heldMs, gateMs } = heldWith(lock, measured?.gateMs);
      return `${lockName(mode)} on ${printable(relation)}, ${least}${tenths(heldMs)} ms${ofWhich(gateMs, inTenths)}`;
    }),
    walBytes: measured?.walBytes ?? null,
    rewritten: measured?.rewritten ?? [],
    notices: [
      ...notices
        .slice(0, mostNotices)
        .map(({ severity: how, message }) => truncate(`${how}: ${message}`, noticeCharacters)),
      ...(notices.length > mostNotices ? [`and ${notices.length - mostNotices} more`] : []),
    ],
  };
}

function batchesText({ count, keys, longestMs }: NonNullable<StepMeasure['batches']>): string {
  return `${count} batches with ${keys} rows of the table, the longest ${tenths(longestMs)} ms`;
}
