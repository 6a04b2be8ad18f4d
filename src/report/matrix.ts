import { findingsOf } from './findings.ts';
import { type Instant } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { chooseCycle, targetOf, type Uncounted } from '../gate/index.ts';
import { type TierState } from '../page/index.ts';
import { type AfterStep, type SealedRelease, type Tier } from '../release/index.ts';
import { cite, findGate, findGolden, findRehearsal, findSeal, type ReportEvidence, type Search } from './find.ts';
import {
  components,
  executionOf,
  type Facts,
  gateBlockers,
  monitorProblems,
  rolloutProblems,
  verificationProblems,
} from './components.ts';
import { rollbackProblems } from './back.ts';
import { findCycle } from './cycle.ts';
import { isRolledOut, seenRows } from './done.ts';
import { type Report, type ReportPolicy, type TierFacts } from './report.ts';
import { explain, type Reason } from './reason.ts';
import { nextIn, tierState } from './rows.ts';

/** What a report is built from. */
export interface ReportSource {
  readonly release: SealedRelease;
  /** What counts. */
  readonly evidence: readonly ReportEvidence[];
  /** What does not, and why: it is listed, and nothing rests on it. */
  readonly uncounted?: readonly Pick<Uncounted, 'entry' | 'why'>[];
  /** The target whose registry said so; absent: none. */
  readonly target?: string | null;
  /** Whose entries count, in a sentence. */
  readonly whose?: string;
  readonly policy: ReportPolicy;
  readonly now: Instant;
  /** The address of a piece of evidence, relative to the report's folder. */
  readonly hrefOf: (entry: Entry) => string;
}

/** A report, and what blocks production as data: the report holds it as text. */
export interface Judged {
  readonly report: Report;
  readonly blockers: readonly Reason[];
}

/** Derives both verdicts and the classification matrix from evidence alone; what is absent, stale or unreadable is NO-GO. */
export function buildReport(source: ReportSource): Report {
  return judgeRelease(source).report;
}

/** The same report with its blockers. */
export function judgeRelease(source: ReportSource): Judged {
  const { release: sealed, evidence, policy, now, hrefOf, uncounted = [], whose = '', target = null } = source;
  const { release, seal } = sealed;
  // what speaks of another target is listed, and says nothing of this one: its own registry let it count
  const about = evidence.filter((piece) => target === null || (targetOf(piece) ?? target) === target);
  const search: Search = { seal, evidence: about, now, hrefOf };
  const gate = findGate(search, policy.gateMaxAge);
  const facts: Facts = {
    sealed,
    cycle: findCycle(sealed, search, gate),
    seal: findSeal(search),
    golden: findGolden(search),
    rehearsal: findRehearsal(search, policy.rehearsalMaxAge),
    gate,
  };
  const problems = [rolloutProblems, rollbackProblems, verificationProblems, monitorProblems];
  const reasons = [...new Set(problems.flatMap((find) => find(facts)))];
  const blockers = gateBlockers(facts);
  const proof = facts.rehearsal.found ? facts.rehearsal.body.proof : null;
  const report: Report = {
    version: 1,
    release: { name: release.name, title: release.title, seal, database: release.database },
    at: now,
    policy: { rehearsalMaxAge: policy.rehearsalMaxAge, gateMaxAge: policy.gateMaxAge },
    readiness: { status: reasons.length === 0 ? 'GO' : 'NO-GO', reasons },
    execution: executionOf(facts, reasons),
    rolledOut: isRolledOut(facts),
    components: components(facts),
    blockers: blockers.map(explain),
    next: release.next.filter(({ gated }) => gated).map(({ title }) => title),
    meanwhile: release.next.filter(({ gated }) => !gated).map(({ title }) => title),
    compliance: compliance(facts),
    tiers: release.tiers.map((tier) => tierFacts(tier, facts)),
    findings: facts.rehearsal.found ? findingsOf(facts.rehearsal.body) : [],
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
    reviews: release.reviews.map(({ by, finding, text }) => ({ by, finding, text })),
    after: { rollout: release.after.rollout.map(stepText), rollback: release.after.rollback.map(stepText) },
  };
  return { report, blockers };
}

function stepText({ title, run }: AfterStep): string {
  return run === null ? title : `${title}: ${run}`;
}

function tierFacts(tier: Tier, facts: Facts): TierFacts {
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
  const isShut = facts.cycle.isLookNewer && gates.some(({ state }) => state === 'closed');
  return {
    id: tier.id,
    title: tier.title,
    state: isShut && (stands === 'open' || stands === 'unknown') ? 'closed' : stands,
    steps: tier.up.length,
    durationMs: reached ? steps.reduce((sum, step) => sum + step.durationMs, 0) : null,
    rows: reached ? steps.reduce((sum, step) => sum + (step.rows ?? 0), 0) : null,
    locks: [...new Set(steps.flatMap((step) => step.locks.map(({ relation, mode }) => `${relation} ${mode}`)))],
    rewritten: [...new Set(steps.flatMap((step) => step.rewritten))],
    barred: tier.barred,
    oneWay: tier.oneWay,
    gates,
  };
}

/** By the gate's own rows, where they were read after the last change on record and do not contradict the release. */
function standOf(tier: Tier, { sealed, gate, cycle }: Facts): TierState {
  const rows = seenRows({ gate, cycle });
  const found = rows === null ? null : chooseCycle(rows.cycles, sealed);
  const isKnown = rows !== null && (found === null || nextIn(found, sealed.release).act !== 'halt');
  return isKnown || tier.barred !== null ? tierState(tier, found) : 'unknown';
}

function compliance({ sealed, gate, cycle }: Facts): readonly string[] {
  if (!gate.found) return [`entry and exit are not known: ${gate.reason}`];
  const { entry, exit } = gate.body;
  if (entry === null || exit === null) return ['entry and exit are not known: production was not measured'];
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
      : 'One Roof changed production by the steps of this release alone, as recorded; else it is read in read-only transactions.';
  if (changed.length === 0 && schema.length === 0) return [harmless, `Entry == exit (${list(entry.metrics)}).`];
  return [
    harmless,
    `Entry (${list(entry.metrics)}) differs from exit (${list(exit.metrics)}): somebody else changed ${[...changed, ...schema].join(', ')} meanwhile.`,
  ];
}
