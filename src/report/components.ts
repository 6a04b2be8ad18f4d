import { type Golden, isSampled } from '../clone/index.ts';
import { shortDigest } from '../core/index.ts';
import { explainReason, type GateBody } from '../gate/index.ts';
import { explainProof, type Rehearsal, sampledProblem, type SampledRehearsals } from '../rehearsal/index.ts';
import { type Option, type SealedRelease } from '../release/index.ts';
import { idempotentText, provenText, rollbackProblems } from './back.ts';
import { type FoundEvidence, type findSeal } from './find.ts';
import { type CycleFacts } from './cycle.ts';
import { doneProblems, isRolledOut, unknownOf } from './done.ts';
import { harnessOf } from './copied.ts';
import { measuredTime } from './lists.ts';
import { verdictOf } from '../rollout/index.ts';
import { explain, type ReportReason } from './report-reason.ts';
import { type Component, type Report, type Status } from './report.ts';

/** The release, and the evidence that was found for it. */
export interface ReportFacts {
  readonly sealed: SealedRelease;
  readonly seal: ReturnType<typeof findSeal>;
  readonly golden: FoundEvidence<Golden>;
  readonly rehearsal: FoundEvidence<Rehearsal>;
  readonly gate: FoundEvidence<GateBody>;
  readonly cycle: CycleFacts;
  /** Whether a rehearsal on a sample of production counts. */
  readonly sampled: SampledRehearsals;
}

/** Why the rollout is not proven on a clone; empty when it is. */
export function rolloutProblems({ seal, rehearsal, sampled }: ReportFacts): readonly string[] {
  const problems = seal.found ? [] : [seal.reason];
  if (!rehearsal.found) return [...problems, rehearsal.reason];
  const few = sampledProblem(rehearsal.body, sampled);
  if (few !== null) problems.push(`${few.code}: ${few.problem}; ${few.fix}`);
  const { outcome, problems: all, repeatable } = rehearsal.body;
  const failed = rehearsal.body.stages.filter((stage) => stage.outcome === 'failed').map(({ stage }) => stage);
  if (outcome === 'failed' || failed.length > 0)
    problems.push(`the rehearsal failed${failed.length > 0 ? ` at ${failed.join(', ')}` : ''}: ${said(all)}`);
  for (const stage of ['forward', 'twin', 'forward-again'])
    if (!passed(rehearsal.body, stage)) problems.push(`the stage ${stage} did not pass`);
  if (repeatable !== true) problems.push('the rollout is not shown to be repeatable');
  return problems;
}

/** Why the verification is not proven on a clone; empty when it is. */
export function verificationProblems({ rehearsal }: ReportFacts): readonly string[] {
  if (!rehearsal.found) return [rehearsal.reason];
  const { body } = rehearsal;
  return ['preflight', 'verify', 'verify-again']
    .filter((stage) => !passed(body, stage))
    .map((stage) => `the stage ${stage} did not pass`);
}

/** Why the gate monitor is not validated live; empty when it is. */
export function monitorProblems({ gate }: ReportFacts): readonly string[] {
  if (!gate.found) return [gate.reason];
  if (gate.body.entry !== null && gate.body.exit !== null) return [];
  const { verdict } = gate.body;
  return [
    `production was not measured: ${verdict.decision === 'BLOCKED' ? verdict.reasons.map(explainReason).join('; ') : 'no baseline'}`,
  ];
}

/** The result of the newest reading, as text. */
function monitorText({ gate, sealed }: ReportFacts): string {
  const { decision, reasons } = verdictOf(gate.found ? gate.body : {}, { sealed, direction: 'up' });
  if (decision === 'NO-GO') return `BLOCKED: ${reasons.map(explain).join('; ')}`;
  return decision === 'GO' ? 'OPEN' : 'DONE';
}

/** The blockers of production: the verdict on the newest reading, and later evidence. */
export function gateBlockers(facts: ReportFacts): readonly ReportReason[] {
  const { gate, cycle, sealed } = facts;
  // where everything is rolled out nothing blocks but what keeps it from being done
  if (isRolledOut(facts)) return doneProblems(facts);
  const people = cycle.gate.state === 'open' ? [] : cycle.gate.reasons;
  if (cycle.position.state === 'unknown') return [{ code: 'unknown', facts: unknownOf(cycle) }];
  if (!gate.found) return [{ code: 'no-look', facts: { why: gate.reason } }];
  if (!cycle.isLookNewer) return [{ code: 'outdated', facts: {} }, ...people];
  const { reasons } = verdictOf(gate.body, { sealed, direction: 'up' });
  // no one is asked before production is as the release expects it
  const data = reasons.filter(({ code }) => code === 'unmet');
  if (data.length > 0) return data;
  return [...reasons, ...people.filter((one) => !reasons.some((other) => isSame(one, other)))];
}

/** Reasons that both the evidence and the gate give, each with its own text. */
function isSame(one: ReportReason, other: ReportReason): boolean {
  if (one.code === 'gate' && other.code === 'gate') return one.facts.code === other.facts.code;
  if (one.code === 'unratified') return other.code === 'not-ratified';
  return one.code === 'rolled-back' && other.code === 'gate' && other.facts.code === 'order';
}

/** Whether production execution is allowed now, or done; `reasons`: why readiness is NO-GO. */
export function executionOf(facts: ReportFacts, reasons: readonly string[]): Report['execution'] {
  const isHalfWay = facts.cycle.position.state === 'half-way';
  if (doneProblems(facts).length === 0)
    return {
      status: 'DONE',
      reasons: [
        `every tier that may run is rolled out on ${facts.cycle.target} (${usable(facts).join(', ')}); schema and invariants hold`,
      ],
    };
  const all = [...gateBlockers(facts).map(explain), ...(isHalfWay || isRolledOut(facts) ? [] : reasons)];
  return { status: all.length === 0 ? 'GO' : 'NO-GO', reasons: [...new Set(all)] };
}

function usable({ sealed }: ReportFacts): readonly string[] {
  return sealed.release.tiers.filter(({ barred }) => barred === null).map(({ id }) => id);
}

/** The rows of the classification matrix. */
export function components(facts: ReportFacts): readonly Component[] {
  const { seal, rehearsal, gate } = facts;
  const { release } = facts.sealed;
  const body = rehearsal.found ? rehearsal.body : null;
  const tested = rehearsal.citations;
  const rollout = rolloutProblems(facts);
  const rollback = rollbackProblems(facts);
  const verified = verificationProblems(facts);
  const monitored = monitorProblems(facts);
  const proof = body?.proof ?? null;
  // the waiting tiers: from the first one with a gate before it
  const first = release.tiers.findIndex(({ id }) => release.gates.some(({ before }) => before === id));
  const open = release.tiers
    .slice(Math.max(first, 0))
    .filter(({ barred }) => barred === null)
    .map(({ order }) => order);
  const range = open.length < 2 ? `tier ${open[0] ?? 'none'}` : `tiers ${open[0]}–${open.at(-1)}`;
  return [
    row(
      'rollout',
      'Production rollout executor',
      rollout.length > 0 ? 'NO-GO' : isHeld(facts) ? 'GO, HELD at gate' : 'GO',
      {
        text:
          rollout.join('; ') ||
          `Execution-proven, hash-verified (seal ${shortDigest(facts.sealed.seal)}); ran greenfield→finalized forward twice on a fresh clone of ${body !== null && isSampled(body.golden) ? 'a sample of ' : ''}production (${stageTime(body, 'forward')} and ${stageTime(body, 'forward-again')}), and once on a twin prepared differently, to the same state. The executor runs only what the gate in the target database has verified as ratified.`,
        citations: [...seal.citations, ...tested],
      },
    ),
    row('rollback', 'Rollback executor', rollback.length > 0 ? 'NO-GO' : 'GO', {
      text:
        rollback.join('; ') ||
        [
          `Finalized→greenfield on the clone (${stageTime(body, 'back')}).`,
          proof === null
            ? ''
            : `${explainProof(proof)}: strict ${proof.strict}, logical ${proof.logical}; ${release.requires} is required. Not proven: ${proof.notProven.length}.`,
          body === null ? '' : provenText(body, release.tiers),
          idempotentText(body),
        ]
          .filter((part) => part !== '')
          .join(' '),
      citations: tested,
    }),
    row('verification', 'Verification suite', verified.length > 0 ? 'NO-GO' : 'GO', {
      text:
        verified.join('; ') ||
        `Invariants PASS on the clone, twice.${gate.found && gate.body.entry !== null ? ' Baseline reads validated live in production.' : ''}`,
      citations: [...tested, ...gate.citations],
    }),
    row('monitor', 'Gate monitor', monitored.length > 0 ? 'NO-GO' : 'GO', {
      text:
        monitored.join('; ') || `Live-validated: verdict vs production → ${monitorText(facts)}. Read-only, no daemon.`,
      citations: gate.citations,
    }),
    ...release.options.filter(({ decision }) => decision !== 'chosen').map((option) => optionRow(option, facts)),
    row('clone', 'Clone harness', ...harnessOf(facts)),
    ratificationRow(facts),
    activationRow(facts, { range, unready: [...rollout, ...rollback, ...verified, ...monitored] }),
    ...release.tiers.flatMap(({ id, order, title, barred }) =>
      barred === null ? [] : [row(`tier-${id}`, `Tier ${order}: ${title}`, 'NO-GO', { text: barred, citations: [] })],
    ),
  ];
}

/** Held until people open the gate, and again after it closes; tiers that are rolled out are not held. */
function isHeld(facts: ReportFacts): boolean {
  return facts.cycle.gate.state === 'closed' && !isRolledOut(facts);
}

function ratificationRow(facts: ReportFacts): Component {
  const { cycle, gate } = facts;
  const blockers = gateBlockers(facts).map(explain);
  const signed = cycle.signed
    .map(({ name, level, key, at }) => `${name} (level ${level}, ${key} key, ${at})`)
    .join(', ');
  const declined = cycle.declined.map((text) => ` Declined by ${text}.`).join('');
  const citations = [...gate.citations, ...cycle.ratified];
  if (cycle.gate.state === 'open')
    return row('ratification', 'Human ratification gate', 'OPEN', {
      text: `Ratified for ${cycle.target} by ${signed}; every seat is filled (${cycle.gate.seats}). Open until ${cycle.gate.until}.${blockers.length === 0 ? '' : ` Other blockers: ${blockers.join('; ')}.`}${declined}`,
      citations,
    });
  // a ratification that was given and does not open is named beside what else blocks
  const closed = cycle.gate.reasons.map(explain);
  const reasons = signed === '' ? blockers : [...new Set([...blockers, ...closed])];
  const text = reasons.length > 0 ? reasons : closed;
  return row('ratification', 'Human ratification gate', 'CLOSED', {
    text: `${text.length === 1 ? 'Single blocker: ' : ''}${text.join('; ')}. An agent cannot open it.${signed === '' ? '' : ` Signed by ${signed}.`}${declined}`,
    citations,
  });
}

function activationRow(
  facts: ReportFacts,
  { range, unready }: { readonly range: string; readonly unready: readonly string[] },
): Component {
  const { cycle, gate } = facts;
  const { state, active, last } = cycle.position;
  const { status, reasons } = executionOf(facts, [...new Set(unready)]);
  const blockers = gateBlockers(facts).map(explain);
  const gated = `Gated on: ${(blockers.length > 0 ? blockers : reasons).join('; ')}.`;
  const next =
    status === 'GO' && cycle.gate.state === 'open' ? `It may be rolled out until ${cycle.gate.until}.` : gated;
  const of = (word: 'GO' | 'NO-GO' | 'DONE', text: string): Component =>
    row('activation', `Production activation (${range} on ${cycle.target ?? 'no named target'})`, word, {
      text,
      citations: [...gate.citations, ...cycle.done],
    });
  const since = last === null ? '' : `, last recorded change at ${last.ended}`;
  if (status === 'DONE')
    return of(
      'DONE',
      `Active on ${cycle.target}: ${usable(facts).join(', ')}${since}. According to the gate's own rows; schema and invariants hold.`,
    );
  if (isRolledOut(facts))
    return of('NO-GO', `Rolled out on ${cycle.target}${since}. Not done: ${blockers.join('; ')}.`);
  if (state === 'unknown') return of('NO-GO', `Not known: ${explain(unknownOf(cycle))}.`);
  if (state === 'half-way')
    return of(
      status,
      `Half-way on ${cycle.target}: ${active.join(', ')} active, last change at ${last?.ended}. ${next}`,
    );
  const before = last === null ? '' : `Not active: rolled back on ${cycle.target} at ${last.ended}. `;
  return of(status, `${before}${next}`);
}

function optionRow(option: Option, { rehearsal }: ReportFacts): Component {
  const trial = rehearsal.found ? rehearsal.body.options.find((one) => one.option === option.id) : undefined;
  const tried = {
    none: 'Not tried on a clone.',
    collides: `Collides on the clone: ${said(trial?.problems ?? [])}.`,
    compatible: 'Tried on a clone: no collision was found.',
    fails: `Its own SQL fails on the clone: ${said(trial?.problems ?? [])}.`,
  }[trial?.outcome ?? 'none'];
  return row(`option-${option.id}`, option.title, option.decision === 'rejected' ? 'NO-GO, REJECTED' : 'NO-GO', {
    text: option.up.length === 0 && trial === undefined ? option.reason : `${tried} ${option.reason}`,
    citations: trial === undefined ? [] : rehearsal.citations,
  });
}

function row(
  id: string,
  component: string,
  status: Status,
  why: { text: string; citations: Component['citations'] },
): Component {
  return { id, component, status, evidence: why.text, citations: why.citations };
}

function passed(body: Rehearsal, name: string): boolean {
  return body.stages.some(({ stage, outcome }) => stage === name && outcome === 'passed');
}

function stageTime(body: Rehearsal | null, name: string): string {
  const stage = body?.stages.find((one) => one.stage === name);
  if (body === null || stage === undefined) return 'not reached';
  return measuredTime(isSampled(body.golden) ? { bound: 'at least' } : {}, stage.durationMs);
}

function said(problems: readonly { readonly problem: string }[]): string {
  return problems.map(({ problem }) => problem).join('; ') || 'no problem was recorded';
}
