import { actorOf, errorCodes } from '../src/core/index.ts';

/** The text of docs/ERRORS.md, from the table of codes. */
export function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, [status, meaning]]) => `| \`${code}\` | ${status} | ${actorOf(code)} | ${meaning} |`,
  );
  return [
    '# Errors',
    '',
    'Generated from `src/core/error-codes.ts` by `npm run docs`.',
    '',
    'An error is written to stderr as `error:` (what, where, expected) and `hint:` (the next thing to type or edit).',
    'The exit status of the command follows from its code: 2 the call or the configuration is wrong, 3 refused by a rule of',
    'the release or of safety, 4 broken. Exit 0 means that the work is done, or GO; exit 1 means NO-GO or BLOCKED, which is no error,',
    'or DONE: all of it is rolled out already, and nothing may be rolled out.',
    '',
    'In the JSON of an error, `next` is the command to type, or null; then the person in the column *Who* acts.',
    '',
    '| Code | Exit | Who | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
