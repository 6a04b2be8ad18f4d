import { actors } from '../src/core/index.ts';
import { jsonSchemas, publishedForms } from '../src/cli/json/schema-names.ts';

const finding = [
  '## A finding',
  '',
  'Everything that is wrong, closed or held has the same members beside its sentence, so that a program reads no prose ([decision 79](decisions/0079-findings-for-programs.md)).',
  '',
  '| member | what it is |',
  '|---|---|',
  '| `code` | of a closed list: [ERRORS.md](ERRORS.md), [CHECK.md](CHECK.md), `src/gate/refusal.ts`, `src/rollout/reason.ts`, `src/report/report-reason.ts`. It keeps its meaning |',
  '| `facts` | the values that the sentence names: numbers, names, lists; `said` by a server or another program, `why` by another part of One Roof. Empty where it names none, and in records of older versions |',
  '| `place` | null, or `{file, line?, column?}`, from 1 |',
  '| `fix` | what to do, in words |',
  '| `next` | the command to type, complete; after what `fix` asks for beside it. Null where no command follows, or a value has to be chosen first |',
  `| \`by\` | who does what \`fix\` asks for: ${actors.map((one) => `\`${one}\``).join(', ')} |`,
  '',
];

const verdict = [
  '## A verdict',
  '',
  'Whether a rollout (`direction` `up`) or a rollback (`down`) may run now. All commands give the same verdict for the same state ([decision 49](decisions/0049-one-verdict.md)).',
  '',
  '| member | what it is |',
  '|---|---|',
  '| `decision` | `GO`: it may run, to its end; `DONE`: nothing remains, and schema and invariants show it; `NO-GO` |',
  '| `statement` | the ratification that counts, or null |',
  '| `runs` | the tiers that the command would do now; with `NO-GO` those before the closed one |',
  '| `stops` | null, or `{before, reason}`: a later hold point that no one has answered |',
  '| `reasons` | list of [findings](#a-finding), each with `text`; the command prints the first. A code of the gate (`src/gate/refusal.ts`) or of `src/rollout/reason.ts` |',
  "| `notAsked` | codes of checks that need the executor's session or the steps |",
  '| `waits` | server processes of another attempt that it would wait for |',
  '',
];

/** The text of docs/JSON.md, from the published forms. */
export function jsonPage(): string {
  const rows = Object.entries(publishedForms).map(
    ([name, { command, fields }]) => `| \`${name}\` | ${command} | ${fields} |`,
  );
  return [
    '# JSON',
    '',
    'Generated from the forms in `src/cli/json/` by `npm run docs`. As JSON Schema: [json.schema.json](json.schema.json).',
    '',
    'Every command takes `--json` and then prints exactly one object on stdout; messages and progress stay on stderr. Control, bidirectional and invisible characters of texts are escaped. Each object has',
    '`schema` (its form and the version of the form; fields may be added within a version) and `exit` (the exit status).',
    '',
    '| Schema | Command | Fields |',
    '| --- | --- | --- |',
    ...rows,
    '',
    ...finding,
    ...verdict,
  ].join('\n');
}

/** The text of docs/json.schema.json. */
export function jsonSchemaPage(): string {
  return `${JSON.stringify(jsonSchemas(), null, 1)}\n`;
}
