import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { readManifest } from './read-manifest.ts';
import { writeReleaseFiles } from './scaffold.io.ts';

/** What a draft adds to the files of a tier. */
interface DraftedFiles {
  /** Before the statements of up.sql, and after them. */
  readonly begin: readonly string[];
  readonly end: readonly string[];
  readonly down: readonly string[];
  /** What the draft does not undo, a line for each. */
  readonly left: readonly string[];
}

/**
 * Writes a draft into a tier, and marks the tier as drafted; comments in release.yaml stay. Returns the paths that were written.
 *
 * Errors  FILE_UNREADABLE, YAML_*.
 */
export async function writeDraftDown(folder: string, tier: string, draft: DraftedFiles): Promise<readonly string[]> {
  const root = resolve(folder);
  const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
  const [upFile, downFile, yamlFile] = [`tiers/${tier}/up.sql`, `tiers/${tier}/down.sql`, 'release.yaml'] as const;
  const manifest = await read(yamlFile);
  const at = readManifest(manifest).tiers.findIndex(({ id }) => id === tier);
  const document = parseDocument(manifest);
  document.setIn(['tiers', at, 'drafted'], true);
  const files = new Map([
    ...(draft.begin.length + draft.end.length === 0 ? [] : [[upFile, around(await read(upFile), draft)] as const]),
    [downFile, downText(draft)] as const,
    // last: what is drafted is never there without its mark for long, and lint names what is missing
    [yamlFile, document.toString({ lineWidth: 120 })] as const,
  ]);
  return writeReleaseFiles(root, files);
}

const added = '-- Added by oneroof draft down:';

function around(up: string, { begin, end }: DraftedFiles): string {
  return [
    ...(begin.length === 0 ? [] : [`${added} keeps the rows that down.sql brings back.`, ...begin, '']),
    up.trimEnd(),
    ...(end.length === 0 ? [] : ['', `${added} forgets what the statements above did not change.`, ...end]),
    '',
  ].join('\n');
}

function downText({ begin, down, left }: DraftedFiles): string {
  const comment = (line: string): string => `-- ${line.replaceAll('\n', '\n-- ')}`;
  return [
    comment('DRAFT, written by oneroof draft down. Read every statement; then remove `drafted: true` in release.yaml.'),
    ...(begin.length === 0
      ? []
      : [comment('It brings back the rows that up.sql keeps, also where users changed them after the rollout.')]),
    ...(left.length === 0 ? [] : [comment('NOT WHOLE: it does not undo'), ...left.map((line) => comment(`- ${line}`))]),
    ...down,
    ...(down.length === 0 ? ['-- Nothing that a clone shows has to be undone.', 'select 1;'] : []),
    '',
  ].join('\n');
}
