import { changedBeside, findingsOf } from './findings.ts';
import { type Instant } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { atTarget, chooseCycle } from '../gate/index.ts';
import { targetOf, type Uncounted } from '../people/index.ts';
import { isSampled } from '../clone/index.ts';
import { type TierState } from '../html/index.ts';
import { type SampledRehearsals } from '../rehearsal/index.ts';
import { type Reviewers, reviewsOf } from '../reviews/index.ts';
import { type AfterStep, migrationFactsOf, type SealedRelease, type Tier, explainOutside } from '../release/index.ts';
import {
  cite,
  findGate,
  findGolden,
  findCountedRehearsal,
  findSeal,
  type ReportEvidence,
  type Search,
} from './find.ts';
import {
  components,
  executionOf,
  type ReportFacts,
  gateBlockers,
  monitorProblems,
  rolloutProblems,
  verificationProblems,
} from './components.ts';
import { copyOf } from './copied.ts';
import { rollbackProblems } from './back.ts';
import { findCycle } from './cycle.ts';
import { strongestLocks } from './lists.ts';
import { isRolledOut, seenRows } from './done.ts';
import { type Report, type ReportPolicy, type TierFacts } from './report.ts';
import { explain, type ReportReason } from './report-reason.ts';
import { tierState } from './report-rows.ts';
import { verdictOf } from '../rollout/index.ts';

/** What a report is built from. */
export interface ReportSource extends Reviewers {
  readonly release: SealedRelease;
  /** What counts. */
  readonly evidence: readonly ReportEvidence[];
  /** The evidence that does not count, and why: it is listed, and no verdict uses it. */
  readonly uncounted?: readonly Pick<Uncounted, 'entry' | 'why'>[];
  /** The target whose registry said so; absent: none. */
  readonly target?: string | null;
  /** Whose entries count, in a sentence. */
  readonly whose?: string;
  /** Whether that target's policy lets rehearsals on a sample count; absent: as `policy` says. */
  readonly sampled?: SampledRehearsals;
  readonly policy: ReportPolicy;
  readonly now: Instant;
  /** The address of a piece of evidence, relative to the report's folder. */
  readonly hrefOf: (entry: Entry) => string;
}

/** A report, and the blockers of production as data, which the report has as text. */
export interface JudgedReport {
  readonly report: Report;
  readonly blockers: readonly ReportReason[];
}

/** Derives both verdicts and the classification matrix from evidence alone; what is absent, stale or unreadable is NO-GO. */
export function buildReport(source: ReportSource): Report {
  return judgeRelease(source).report;
}

/** The same report with its blockers. */
export function judgeRelease(source: ReportSource): JudgedReport {
  const { release: sealed, evidence, policy, now, hrefOf, uncounted = [], whose = '', target = null } = source;
  const { release, seal } = sealed;
  // what speaks of another target is listed, and says nothing of this one: its own registry let it count
  const about = evidence.filter((piece) => target === null || (targetOf(piece) ?? target) === target);
  const search: Search = { seal, evidence: about, now, hrefOf };
  const gate = findGate(search, policy.gateMaxAge);
  // people signed by the clock of the target: one of this machine that is late would leave their signatures out
  const cycle = findCycle(sealed, { ...search, now: atTarget(now, gate.found ? gate.body.clocks : undefined) }, gate);
  const facts: ReportFacts = {
    sealed,
    // also where nothing was recorded
    cycle: { ...cycle, target: target ?? cycle.target },
    seal: findSeal(search),
    golden: findGolden(search),
    rehearsal: findCountedRehearsal(search, policy.rehearsalMaxAge),
    gate,
    sampled: source.sampled ?? policy.sampled ?? 'not allowed',
  };
  const problems = [rolloutProblems, rollbackProblems, verificationProblems, monitorProblems];
  const reasons = [...new Set(problems.flatMap((find) => find(facts)))];
  const blockers = gateBlockers(facts);
  const proof = facts.rehearsal.found ? facts.rehearsal.body.proof : null;
  const copy = copyOf(facts);
  const report: Report = {
    version: 1,
    release: { name: release.name, title: release.title, seal, database: release.database },
    at: now,
    policy: {
      rehearsalMaxAge: policy.rehearsalMaxAge,
      gateMaxAge: policy.gateMaxAge,
      ...(facts.sampled === 'allowed' ? { sampled: facts.sampled } : {}),
    },
    ...(copy.length === 0 ? {} : { copy }),
    readiness: { status: reasons.length === 0 ? 'GO' : 'NO-GO', reasons },
    execution: executionOf(facts, reasons),
    rolledOut: isRolledOut(facts),
    components: components(facts),
    blockers: blockers.map(explain),
    declined: cycle.declined,
    next: release.next.filter(({ gated }) => gated).map(({ title }) => title),
    meanwhile: release.next.filter(({ gated }) => !gated).map(({ title }) => title),
    compliance: compliance(facts),
    ...(facts.rehearsal.found && isSampled(facts.rehearsal.body.golden) ? { bound: 'at least' } : {}),
    tiers: release.tiers.map((tier) => tierFacts(tier, facts)),
    findings: [...(facts.rehearsal.found ? findingsOf(facts.rehearsal.body) : []), ...changedBeside(gate)],
    notProven: (proof?.notProven ?? []).map(({ relation, reason }) => ({ relation, reason })),
    evidence: evidence
      .filter(({ entry }) => entry.seal === seal)
      .map(({ entry }) => ({ ...cite(entry, search), recordedAt: entry.recordedAt })),
    target,
    whose,
    uncounted: uncounted.map(({ entry, why }) => ({
      ...cite(entry, search),
      recordedAt: entry.recordedAt,
      index: entry.index,
      why,
    })),
    reviews: reviewsOf(about, source),
    after: { rollout: release.after.rollout.map(stepText), rollback: release.after.rollback.map(stepText) },
  };
  return { report, blockers };
}

function stepText({ title, run }: AfterStep): string {
  return run === null ? title : `${title}: ${run}`;
}

function tierFacts(tier: Tier, facts: ReportFacts): TierFacts {
  const { sealed, rehearsal, gate } = facts;
  const forward = rehearsal.found ? rehearsal.body.stages.find(({ stage }) => stage === 'forward') : undefined;
  const steps = forward?.steps.filter((step) => step.tier === tier.id) ?? [];
  const reached = steps.length > 0;
  const verdict = gate.found ? gate.body.verdict : null;
  const reasons = verdict?.decision === 'BLOCKED' ? verdict.reasons : [];
  const unknown = verdict === null || reasons.some(({ kind }) => kind === 'unreachable' || kind === 'unmeasured');
  const stands = standOf(tier, facts);
  const isThrough = stands === 'done' || stands === 'back';
  const gates = sealed.release.gates
    .filter(({ before }) => before === tier.id)
    .map(({ id, title }): TierFacts['gates'][number] => {
      const closed = reasons.some((reason) => reason.kind === 'data-gate' && reason.gate === id);
      // a tier that is done was let through
      const state = isThrough ? 'open' : closed ? 'closed' : unknown || tier.barred !== null ? 'unknown' : 'open';
      return { title, state };
    });
  const outside = explainOutside(tier);
  const isShut = facts.cycle.isLookNewer && gates.some(({ state }) => state === 'closed');
  const migration = migrationFactsOf(facts.sealed.release, tier.id);
  return {
    id: tier.id,
    title: tier.title,
    state: isShut && (stands === 'open' || stands === 'unknown') ? 'closed' : stands,
    steps: tier.up.length,
    durationMs: reached ? steps.reduce((sum, step) => sum + step.durationMs, 0) : null,
    rows: reached ? steps.reduce((sum, step) => sum + (step.rows ?? 0), 0) : null,
    locks: strongestLocks(steps),
    rewritten: [...new Set(steps.flatMap((step) => step.rewritten))],
    barred: tier.barred,
    oneWay: tier.oneWay,
    ...(migration === null ? {} : { migration }),
    ...(outside === null ? {} : { outside }),
    gates,
  };
}

/** By the gate's own rows, where they were read after the last change on record and do not contradict the release. */
function standOf(tier: Tier, { sealed, gate, cycle }: ReportFacts): TierState {
  const rows = seenRows({ gate, cycle });
  const found = rows === null ? null : chooseCycle(rows.cycles, sealed);
  const isHalted = (): boolean =>
    verdictOf(gate.found ? gate.body : {}, { sealed, direction: 'up' }).reasons.some(
      ({ code }) => code === 'contradiction',
    );
  const isKnown = rows !== null && (found === null || !isHalted());
  return isKnown || tier.barred !== null ? tierState(tier, found) : 'unknown';
}

function compliance({ sealed, gate, cycle }: ReportFacts): readonly string[] {
  if (!gate.found) return [`entry and exit are unknown: ${gate.reason}`];
  const { entry, exit } = gate.body;
  if (entry === null || exit === null) return ['entry and exit are unknown: production was not measured'];
  const list = (metrics: Readonly<Record<string, number>>): string =>
    [
      `db=${sealed.release.database}`,
      ...Object.entries(metrics).map(([name, value]) => `${name}=${value.toLocaleString('en-US')}`),
    ].join(', ');
  const names = [...new Set([...Object.keys(entry.metrics), ...Object.keys(exit.metrics)])];
  const changed = names.filter((name) => entry.metrics[name] !== exit.metrics[name]);
  const schema = entry.schemaDigest === exit.schemaDigest ? [] : ['the schema'];
  const harmless =
    cycle.position.state === 'greenfield' && cycle.position.last === null
      ? 'Zero production mutations by One Roof: production is read in read-only transactions.'
      : 'One Roof changed production only with the recorded steps of this release; all else runs in read-only transactions.';
  if (changed.length === 0 && schema.length === 0) return [harmless, `Entry == exit (${list(entry.metrics)}).`];
  return [
    harmless,
    `Entry (${list(entry.metrics)}) differs from exit (${list(exit.metrics)}): others changed ${[...changed, ...schema].join(', ')} meanwhile.`,
  ];
}
