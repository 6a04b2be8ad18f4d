import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, oneroof } from './run.io.ts';

/** Runs before the command line: notes the packages and the folders of ours in each file that is compiled, as the bundle marks them. */
const probe = (log: string, forbidden: string): string => `
const { appendFileSync } = require('node:fs');
const { prototype } = require('node:module');
const compile = prototype._compile;
prototype._compile = function (text, file, ...more) {
  const installed = file.match(/node_modules\\/(?:@[^/]+\\/)?[^/]+/g) ?? [];
  const marks = [...text.matchAll(/^\\/\\/ (?:#region )?(?:node_modules\\/((?:@[^/\\n]+\\/)?[^/\\n]+)\\/|(src\\/cli\\/commands|src\\/[^/\\n]+))/gm)];
  const parts = [...installed.slice(-1).map((name) => name.slice(13)), ...marks.map(([, name, ours]) => name ?? ours)];
  if (parts.includes(${JSON.stringify(forbidden)})) throw new Error(${JSON.stringify(`${forbidden} was loaded`)});
  appendFileSync(${JSON.stringify(log)}, parts.map((part) => part + '\\n').join(''));
  return compile.call(this, text, file, ...more);
};
`;

/** What a command answered, and the packages and folders of src (`src/gate`, of the command line also `src/cli/commands`) that it loaded, sorted. */
export interface Loaded extends Answer {
  readonly parts: readonly string[];
}

/** Runs the built command line and says what it loaded; what loads the forbidden part fails. */
export function loadedBy(
  words: readonly string[],
  plan: { folder?: string; env?: NodeJS.ProcessEnv; forbidden?: string } = {},
): Loaded {
  const scratch = mkdtempSync(join(tmpdir(), 'oneroof-loaded-'));
  try {
    const [log, file] = [join(scratch, 'parts'), join(scratch, 'probe.cjs')];
    writeFileSync(log, '');
    writeFileSync(file, probe(log, plan.forbidden ?? ''));
    const answer = oneroof(words, { ...plan, env: { ...plan.env, NODE_OPTIONS: `--require ${file}` } });
    return { ...answer, parts: [...new Set(readFileSync(log, 'utf8').split('\n').filter(Boolean))].toSorted() };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
