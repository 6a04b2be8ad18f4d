import { explainHeld, type HeldReason } from './reason.ts';
import { type Verdict, type Why } from './verdict.ts';

/** A verdict for programs: each reason with its code, its facts, what is done about it, and the sentence for people. */
export function verdictData(verdict: Verdict) {
  const { decision, direction, statement, runs, stops, reasons, notAsked, waits } = verdict;
  return {
    decision,
    direction,
    statement,
    runs,
    stops: stops === null ? null : { before: stops.before, reason: reasonData(stops.reason) },
    reasons: reasons.map(reasonData),
    notAsked,
    waits,
  };
}

/** A refusal of the gate has the code that the gate gives it. */
function reasonData(why: Why) {
  const { code, facts } = why.code === 'gate' ? why.facts : (why satisfies HeldReason);
  return { code, facts, fix: why.fix, text: explainHeld(why) };
}
