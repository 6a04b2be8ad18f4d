import { explainHeld } from './reason.ts';
import { type Verdict } from './verdict.ts';

/** A line of a verdict for people. It may hold text of an author or of a target: shown through `printable`. */
export interface VerdictLine {
  readonly state: 'OPEN' | 'DONE' | 'BLOCKED' | 'first' | 'waits' | 'not asked';
  readonly text: string;
  /** What to do about it; null: nothing. */
  readonly fix: string | null;
}

/** A verdict as text: what would run, why not and what to do about it, and what could not be checked from here. */
export function verdictLines(verdict: Verdict): readonly VerdictLine[] {
  const { decision, runs, waits } = verdict;
  return [
    ...decisionLines(verdict),
    ...(decision === 'NO-GO' && runs.length > 0
      ? [line('first', `it would run ${runs.join(', ')}, then it is held`)]
      : []),
    ...(waits.length === 0 ? [] : [line('waits', `it would wait for the server processes ${waits.join(', ')}`)]),
    ...unasked(verdict).map((text) => line('not asked', text)),
  ];
}

/** The decision alone. */
export function decisionLines({ decision, direction, reasons, runs, stops }: Verdict): readonly VerdictLine[] {
  const isUp = direction === 'up';
  if (decision === 'DONE')
    return [line('DONE', isUp ? 'every tier is rolled out; schema and invariants hold' : 'nothing is in place')];
  if (decision === 'NO-GO')
    return reasons.map((reason) => ({ state: 'BLOCKED', text: explainHeld(reason), fix: reason.fix }));
  const stop = stops === null ? '' : `; it stops before ${stops.before}: ${explainHeld(stops.reason)}`;
  return [line('OPEN', `${runs.join(', ')} may be ${isUp ? 'rolled out' : 'rolled back'}${stop}`)];
}

/** The gate was not asked about what is not ratified; otherwise it names what it cannot know. */
function unasked({ decision, statement, notAsked }: Verdict): readonly string[] {
  if (notAsked.length > 0) return [notAsked.join(', ')];
  return decision === 'NO-GO' && statement === null
    ? ["the gate's checks of a ratification, and checks that only the session of the executor can meet"]
    : [];
}

const line = (state: VerdictLine['state'], text: string): VerdictLine => ({ state, text, fix: null });
