import { type Milliseconds } from '../core/index.ts';
import { explainReason, type GateReading } from '../gate/index.ts';
import { explainProof, type Rehearsal } from '../rehearsal/index.ts';
import { type Report, targetText } from '../report/index.ts';
import { type Narration } from './narration.ts';

/** Tells a rehearsal: its stages, its clone, the options that were tried. */
export function tellRehearsal(narration: Narration, rehearsal: Rehearsal): void {
  for (const { stage, durationMs, outcome, steps, problems } of rehearsal.stages) {
    const text =
      outcome === 'failed' ? `FAILED: ${problems[0]?.problem ?? ''}` : stageText(stage, rehearsal, steps.length);
    narration.tell({ name: stage, text, took: durationMs as Milliseconds });
  }
  if (rehearsal.clone.dropMs !== null)
    narration.tell({ name: 'dropped', text: 'the clone was dropped', took: rehearsal.clone.dropMs as Milliseconds });
  for (const trial of rehearsal.options) {
    const text =
      trial.outcome === 'collides'
        ? `collides with the preflight, rejected: ${trial.problems[0]?.problem ?? ''}`
        : trial.outcome;
    narration.tell({ name: `option`, text: `${trial.option} ${text}`, took: trial.durationMs as Milliseconds });
  }
}

function stageText(stage: string, { proof, twin, idempotent, repeatable }: Rehearsal, steps: number): string {
  switch (stage) {
    case 'prove':
      return proof === null
        ? 'not proven'
        : `schema and data ${proof.logical === 'equal' ? 'equal' : 'DIFFERENT'} (strict: ${proof.strict}): ${proof.objects.toLocaleString('en-US')} objects; ${explainProof(proof)}`;
    case 'twin':
      return `the same on a second clone, with ${twin?.prepared.turned.length ?? 0} tables in another row order, and other query plans`;
    case 'back-again':
      return `${steps} steps; ${idempotent === true ? 'changed nothing' : 'CHANGED SOMETHING'}`;
    case 'verify-again':
      return repeatable === true ? 'the same finalized state' : 'ANOTHER finalized state';
    case 'preflight':
      return 'greenfield invariants hold';
    case 'verify':
      return 'finalized invariants hold';
    default:
      return `${steps} steps`;
  }
}

/** Tells what was read of production: the verdict, every number, and whether anything changed meanwhile. */
export function tellReading(narration: Narration, reading: GateReading, took: Milliseconds): void {
  const { verdict, exit, changedMeanwhile } = reading;
  const reasons =
    verdict.decision === 'BLOCKED' ? verdict.reasons.map(explainReason).join('; ') : 'every data gate is met';
  narration.tell({ name: verdict.decision, text: reasons, took });
  narration.tell({ name: 'measured', text: numbers(exit?.metrics ?? {}) });
  narration.tell({
    name: 'entry == exit',
    text:
      changedMeanwhile.length === 0
        ? "yes, and the server's counters show no writes"
        : `no: ${changedMeanwhile.join(', ')}`,
  });
}

/** Metrics in one line: `ospa=0 own=0`. */
export function numbers(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name}=${value.toLocaleString('en-US')}`)
    .join(' ');
}

/** Tells a report: each component, both verdicts, what comes next. */
export function tellReport(narration: Narration, report: Report): void {
  for (const { component, status } of report.components)
    narration.tell({
      name: status.split(',')[0] ?? status,
      text: `${component}${status.includes(',') ? ` (${status})` : ''}`,
    });
  narration.gap();
  tellVerdicts(narration, report);
  for (const item of report.next) narration.tell({ name: 'next', text: item });
  for (const item of report.meanwhile) narration.tell({ name: 'meanwhile', text: item });
}

/** Tells the two verdicts of a report. */
export function tellVerdicts(narration: Narration, report: Report): void {
  const { readiness, execution, blockers } = report;
  narration.tell({ name: readiness.status, text: `RELEASE READINESS for ${targetText(report)}` });
  const blocked = `${blockers.length === 1 ? 'single blocker' : 'blockers'}: ${blockers.join('; ')}`;
  const why = blockers.length > 0 ? blocked : execution.reasons.join('; ');
  narration.tell({ name: execution.status, text: `EXECUTION on ${targetText(report)}${why === '' ? '' : `, ${why}`}` });
}
