import { type Migration } from '../import/index.ts';
import { type Fault } from './check-result.ts';
import { isOwnFailure, type ScriptFailure, type Unjudged } from './failure.ts';

/** The migrations that the history goes on without. */
export interface LeftOut {
  /** What is said of the first one. */
  readonly first: Fault;
  /** Every word of their ups, in lower case; null: one of them cannot be read, or puts SQL together while it runs. */
  readonly words: ReadonlySet<string> | null;
}

const computed = /\b(?:execute|format\s*\()/i;

/** Adds one. */
export function leaveOut(before: LeftOut | null, migration: Migration, fault: Fault): LeftOut {
  const { unreadable, up } = migration;
  const isKnown = unreadable === null && !computed.test(up.text) && before?.words !== null;
  return {
    first: before?.first ?? fault,
    words: isKnown ? new Set([...(before?.words ?? []), ...wordsIn(up.text)]) : null,
  };
}

function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/[\w$\u0080-\uffff]+/g) ?? [];
}

/** Words of the server's messages about objects that are missing or in the way. One that is not listed counts as a name. */
const plain = new Set(
  `a access already and another any are argument arguments as because been can cannot cascade check column columns constraint constraints
  default defined depend depends does drop exist exists extension for foreign from function given has have hint in index into is it its key
  materialized matches materialised multiple name named no not object objects of on or other owned performed policy primary procedure referenced
  references relation requires role rule schema sequence specified such table that the there to too trigger type types unique use value view was with you`.split(
    /\s+/,
  ),
);

/** Why a failure may come from what was left out, so that nothing is known of the migration; null: it is its own. */
export function lackOf(leftOut: LeftOut, failure: ScriptFailure): Unjudged | null {
  if (isOwnFailure(failure) || !mayLack(leftOut, failure)) return null;
  const { file, line } = leftOut.first.spot;
  return {
    cause: `an earlier migration was not run (${file}:${line}), and without it this one fails: ${failure.said.text}`,
    facts: { file, line, said: failure.said.text, sqlstate: failure.said.state },
    fix: 'see what is said of the earlier migration first',
  };
}

/** Whether a name that the server says is one of theirs, or begins with one, as names do that PostgreSQL chooses. Unknown means that it may be. */
function mayLack({ words }: LeftOut, { said: { state }, whole }: ScriptFailure): boolean {
  const names = wordsIn(whole).filter((word) => !plain.has(word) && !/^\d+$/.test(word));
  if (words === null || names.length === 0 || !/^(?:42|2BP)/.test(state)) return true;
  return names.some((name) => words.has(name) || [...words].some((word) => name.startsWith(`${word}_`)));
}
