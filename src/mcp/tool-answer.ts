import { stripVTControlCharacters } from 'node:util';
import { OneRoofError, type Problem, stated } from '../core/index.ts';

/** What a command said at its end, as a tool answers it. */
export interface ToolOutcome {
  readonly exit: 0 | 1;
  readonly schema: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly last?: string;
  readonly next?: string;
}

/** The answer of a call: text for a model, and the object that the command prints with --json. */
export type ToolAnswer = {
  content: { type: 'text'; text: string }[];
  structuredContent: Record<string, unknown>;
  isError?: true;
};

/** The longest text of an answer; all of it is in the object. Characters. */
const longestText = 60_000;

/** The answer of a command that ended: its text, what it said meanwhile, and the next step. */
export function outcomeAnswer(outcome: ToolOutcome, said: readonly string[]): ToolAnswer {
  const parts = [
    outcome.text,
    outcome.last ?? '',
    ...(said.length === 0 ? [] : [`said meanwhile:\n${said.join('\n')}`]),
    outcome.next === undefined ? '' : `next: ${outcome.next}`,
  ];
  const text = parts.filter((part) => part.trim() !== '').join('\n\n');
  return answer(text, { schema: outcome.schema, exit: outcome.exit, ...outcome.data });
}

/** The answer where a command could not decide or do: each problem with its code and its fix. */
export function errorAnswer(thrown: unknown, printed: (problems: readonly Problem[]) => readonly object[]): ToolAnswer {
  const { exitStatus, problems } = thrown instanceof OneRoofError ? thrown : defect(thrown);
  const lines = problems.flatMap(({ code, problem, fix, place, detail = [] }) => [
    `error: ${[place?.file, place?.line, place?.column].filter((part) => part !== undefined).join(':')}${place === undefined ? '' : ': '}${problem} [${code}]`,
    ...detail.map((line) => `  ${line}`),
    `hint: ${fix}`,
  ]);
  return {
    ...answer(lines.join('\n'), { schema: 'oneroof/error/1', exit: exitStatus, problems: printed(problems) }),
    isError: true,
  };
}

function defect(thrown: unknown): OneRoofError {
  return new OneRoofError('INTERNAL', {
    ...stated`${{ said: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown) }}`,
    fix: 'this is a defect of One Roof: please report it',
    cause: thrown,
  });
}

function answer(text: string, value: object): ToolAnswer {
  const shown = visible(stripVTControlCharacters(text));
  const cut = `${shown.slice(0, longestText)}\n… ${shown.length - longestText} more characters: they are in the structured content`;
  return {
    content: [{ type: 'text', text: shown.length > longestText ? cut : shown }],
    // as JSON does it: what is undefined is left out
    structuredContent: visibleValue(JSON.parse(JSON.stringify(value))) as Record<string, unknown>,
  };
}

/**
 * Characters that a reader would not see, or that would change the order of others, become visible; lines stay lines. A row of variation selectors
 * carries a text that only a model reads.
 */
export function visible(text: string): string {
  return text.replace(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** The same for every text in a value of JSON. */
function visibleValue(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(visibleValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [visible(name), visibleValue(member)]));
}
