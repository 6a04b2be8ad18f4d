import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, chai } from 'vitest';
import { errorCodes, OneRoofError } from '../src/core/index.ts';

const worker = globalThis as { oneroofCaused?: Set<string> };
const isFirst = worker.oneroofCaused === undefined;
/**
 * The error codes that tests of this worker caused: src/ made such an error, or an assertion that holds found the code in what the
 * product answered (a list of problems, the output of a command). An error that a test makes itself shows nothing.
 *
 * This file runs again for each file of tests; where several share a worker, what they load stays: so there is one set for all.
 */
export const caused = (worker.oneroofCaused ??= new Set<string>());

/** True where the first line of a stack that is neither this file nor the class itself is in src/. */
const isOurs = (stack: string): boolean =>
  stack
    .split('\n')
    .filter((line) => !/errors\.record\.ts|core\/errors\.ts/.test(line))
    .find((line) => /\/(?:src|test)\//.test(line))
    ?.includes('/src/') === true;

/** Stands between OneRoofError and Error, so that each error is seen as it is made, whoever catches it. */
function Observed(this: unknown, ...words: unknown[]): object {
  const error = Reflect.construct(Error, words, new.target ?? Error) as OneRoofError;
  // its problems are there when its constructor is done
  queueMicrotask(() => {
    const fresh = error.problems.filter(({ code }) => !caused.has(code));
    if (fresh.length > 0 && isOurs(String(error.stack))) for (const { code } of fresh) caused.add(code);
  });
  return error;
}

const spelled = (value: unknown): string => {
  try {
    if (value instanceof OneRoofError) return JSON.stringify(value.problems);
    return typeof value === 'string' || value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? '');
  } catch {
    return '';
  }
};

const codesIn = (text: string): readonly string[] =>
  (text.match(/\b[A-Z][A-Z_]{4,}\b/g) ?? []).filter((word) => Object.hasOwn(errorCodes, word));

type Assert = (this: object, ...expected: unknown[]) => unknown;

/** Where an assertion holds: the codes that are in what was expected and in what was found. */
const observing = (assertion: Assert): Assert =>
  function observed(...expected) {
    const answer = assertion.apply(this, expected);
    if (chai.util.flag(this, 'negate') === true) return answer;
    const named = new Set(codesIn(spelled(expected[0])));
    const codes = [...named].filter((code) => !caused.has(code));
    // docs/ERRORS.md and the like name all of them and cause none
    if (codes.length === 0 || named.size > 30) return answer;
    const found = codesIn(spelled(chai.util.flag(this, 'object')));
    for (const code of codes) if (found.includes(code)) caused.add(code);
    return answer;
  };

if (Object.getPrototypeOf(OneRoofError) === Error) Object.setPrototypeOf(OneRoofError, Observed);
if (isFirst)
  for (const name of ['toBe', 'toEqual', 'toStrictEqual', 'toMatchObject', 'toContain', 'toContainEqual', 'toMatch'])
    chai.util.overwriteMethod(chai.Assertion.prototype, name, observing as never);

afterAll(() => {
  const folder = process.env['ONEROOF_TEST_CODES'];
  if (folder !== undefined && caused.size > 0)
    appendFileSync(join(folder, `${process.pid}`), `${[...caused].join('\n')}\n`);
});
