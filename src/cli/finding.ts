import { type CheckResult } from '../check/index.ts';
import { type Actor, actorOf, type Facts, type Place, type Problem, stated } from '../core/index.ts';
import { foreignFix, foreignSaid } from '../proposal/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { explain, fixOfReport, type JudgedReport, type ReportReason } from '../report/index.ts';
import { actorForHeld, explainHeld, type HeldReason, type Verdict, verdictData } from '../rollout/index.ts';
import { type DoctorCheck } from './doctor-check.ts';
import { type TypedLine, nextIn } from './next-of.ts';

/** What a program needs of everything that is wrong, closed or held, beside the sentence for people. */
interface Finding {
  readonly code: string;
  /** The values that the sentence names. */
  readonly facts: Facts;
  /** Null where it is about no file. */
  readonly place: Place | null;
  /** What to do, for people. */
  readonly fix: string;
  /** The command to type, after what `fix` asks for beside it; null where none follows. */
  readonly next: string | null;
  /** Who does what `fix` asks for. */
  readonly by: Actor;
}

/** A problem as it is printed: the sentence beside the data. Records of before there were facts have none. */
export function problemFinding(
  { facts = {}, place, ...problem }: Omit<Problem, 'facts'> & { readonly facts?: Facts },
  typed: TypedLine,
) {
  return { ...problem, facts, place: place ?? null, ...actOn(problem, typed) };
}

/** A recorded proposal that this host did not make: an attack, or another host's. */
export function foreignFinding<
  One extends { readonly index: number; readonly statement: string; readonly differs: readonly string[] },
>(one: One, typed: TypedLine) {
  const { index, statement, differs } = one;
  const sentence = stated`${{ statement }}, entry ${{ entry: index }}: ${{ why: foreignSaid }}: ${{ differs: [...differs] }}`;
  return { ...one, ...problemFinding({ code: 'PROPOSAL_FOREIGN', ...sentence, fix: foreignFix }, typed) };
}

/** Next command and actor, of a code and its fix. */
function actOn({ code, fix }: Pick<Finding, 'code' | 'fix'>, typed: TypedLine): Pick<Finding, 'next' | 'by'> {
  return { next: nextIn(fix, typed), by: actorOf(code) };
}

/** A verdict for programs; a reason of it is a finding with its sentence in `text`. */
export function verdictFindings(verdict: Verdict, typed: TypedLine) {
  const { stops, reasons, ...data } = verdictData(verdict);
  const one = (reason: (typeof reasons)[number]) => ({ ...reason, ...heldParts(reason, typed) });
  return {
    ...data,
    stops: stops === null ? null : { before: stops.before, reason: one(stops.reason) },
    reasons: reasons.map(one),
  };
}

const heldParts = (
  { code, fix }: Pick<Finding, 'code' | 'fix'>,
  typed: TypedLine,
): Omit<Finding, 'code' | 'facts' | 'fix'> => ({
  place: null,
  next: nextIn(fix, typed),
  by: actorForHeld(code),
});

/** Why a report or a runbook is not GO, as data: a refusal of the gate has the gate's own code. */
export function reasonFinding(reason: ReportReason, typed: TypedLine) {
  const { code, facts } = reason.code === 'gate' ? reason.facts : reason;
  const fix = fixOfReport(reason);
  return { code, facts: { ...facts }, fix, text: explain(reason), ...heldParts({ code, fix }, typed) };
}

/** What holds a rollout: the sentences, and each as a finding. */
export function heldData(reasons: readonly HeldReason[], typed: TypedLine) {
  return { reasons: reasons.map(explainHeld), held: reasons.map((one) => reasonFinding(one, typed)) };
}

/** What `check` found, each fault and hazard with its place, and the next command. */
export function checkFindings(result: CheckResult, typed: TypedLine) {
  const { history, migrations, ...rest } = result;
  const fault = <One extends { readonly fix: string; readonly spot: Place }>(one: One) => ({
    ...one,
    place: one.spot,
    next: nextIn(one.fix, typed),
    by: 'author' as const,
  });
  return {
    ...rest,
    history: history.map(fault),
    migrations: migrations.map(({ faults, hazards, ...judged }) => ({
      ...judged,
      faults: faults.map(fault),
      hazards: hazards.map((one) => fault({ ...one, fix: one.rule })),
    })),
  };
}

/** A rehearsal as it is printed: each of its problems a finding. */
export function rehearsalFindings({ stages, options, problems, ...rest }: Rehearsal, typed: TypedLine) {
  const all = (some: Rehearsal['problems']) => some.map((one) => problemFinding(one, typed));
  return {
    ...rest,
    stages: stages.map((stage) => ({ ...stage, problems: all(stage.problems) })),
    options: options.map((trial) => ({ ...trial, problems: all(trial.problems) })),
    problems: all(problems),
  };
}

/** Why a report does not say GO: what blocks production, and readiness, whose reasons are sentences. */
export function reportFindings({ report, blockers }: JudgedReport, typed: TypedLine) {
  const { target, readiness } = report;
  const unready = {
    ...reasonFinding({ code: 'unready', facts: {} }, typed),
    facts: { reasons: [...readiness.reasons] },
  };
  return [
    ...(readiness.status === 'GO' ? [] : [{ target, about: 'readiness' as const, ...unready }]),
    ...blockers.map((one) => ({ target, about: 'execution' as const, ...reasonFinding(one, typed) })),
  ];
}

/** A check of doctor; where nothing is to be done, no one acts. */
export function checkFinding({ name, outcome, text, code, facts, place, fix, by }: DoctorCheck, typed: TypedLine) {
  const act =
    fix === null ? { next: null, by: null } : { ...actOn({ code, fix }, typed), ...(by === undefined ? {} : { by }) };
  return { name, outcome, text, code, facts, place: place ?? null, fix, ...act };
}
