import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type CloneHost, openCloneHost } from '../../src/clone/index.ts';
import { type Connection } from '../../src/database/index.ts';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { lintRelease, sealRelease } from '../../src/release/index.ts';
import { isEmpty, type Pair } from './layout.ts';

/** What One Roof says of a pair. */
export interface Verdict {
  readonly verdict: 'GO' | 'NO-GO' | 'refused' | 'broken';
  /** Codes and texts of what stands against it. */
  readonly why: readonly string[];
  /** Codes that lint has where the release allows nothing. */
  readonly lint: readonly string[];
  /** What the release had to declare, as the first rehearsal says: columns that differ in each forward. */
  readonly varies: readonly string[];
  /** The rehearsal, and of it the SQL of the pair: milliseconds. */
  readonly total: number;
  readonly sql: number;
}

interface Case {
  readonly pair: Pair & { readonly down: string };
  readonly database: string;
  readonly admin: Connection;
  /** Where the release is written. */
  readonly folder: string;
}

/** What the release says beside its SQL. */
interface Declared {
  readonly allows: boolean;
  readonly varies: readonly string[];
}

const allowed = ['cascade', 'definer', 'dispatch', 'switchOff', 'notValid', 'emptyUp'];

/** Makes a release of a pair, and lints, seals and rehearses it in this process; what lint and rehearsal ask to be declared, it declares. */
export async function rehearsePair(of: Case): Promise<Verdict> {
  writeRelease(of, { allows: false, varies: [] });
  const lint = (await lintRelease(of.folder)).problems.map(({ code }) => code);
  const allows = lint.length > 0;
  if (allows) writeRelease(of, { allows, varies: [] });
  const { problems } = await lintRelease(of.folder);
  if (problems.length > 0) return { verdict: 'refused', why: problems.map(say), lint, varies: [], total: 0, sql: 0 };
  const { admin, database } = of;
  const host = await openCloneHost({ provider: 'template', admin, source: database, sameServer: true });
  try {
    await host.makeGolden({});
    const first = await rehearsed(of, host);
    const varies = [...new Set(first.problems.flatMap(variesIn))];
    if (varies.length === 0) return { ...first.verdict, lint, varies };
    writeRelease(of, { allows, varies });
    return { ...(await rehearsed(of, host)).verdict, lint, varies };
  } catch (error) {
    return { verdict: 'broken', why: [String((error as Error).stack)], lint, varies: [], total: 0, sql: 0 };
  } finally {
    await host.close();
  }
}

async function rehearsed(
  { folder }: Case,
  host: CloneHost,
): Promise<{ readonly problems: Rehearsal['problems']; readonly verdict: Omit<Verdict, 'lint' | 'varies'> }> {
  const release = await sealRelease(folder);
  const began = performance.now();
  const rehearsal = await rehearse({ release, host, owner: 'pairs', keep: 'never', seeds: ['1', '2'] });
  const total = performance.now() - began;
  const { problems, outcome } = rehearsal;
  const verdict = outcome === 'passed' ? ('GO' as const) : ('NO-GO' as const);
  return { problems, verdict: { verdict, why: problems.map(say), total, sql: ownSql(rehearsal) } };
}

/** The columns that a problem's fix asks to be declared. */
function variesIn({ fix }: { readonly fix: string }): readonly string[] {
  const columns = /\(varies: \[(?<columns>[^\]]+)\]\)/.exec(fix)?.groups?.['columns']?.split(', ') ?? [];
  // if no column could be named, the word COLUMN takes its place
  return columns.filter((column) => !column.endsWith('.COLUMN'));
}

/** The same by the command line; answers its exit status, what it printed and how long it took. The release is sealed already. */
export function rehearseByCommand(of: Case): {
  readonly status: number | null;
  readonly said: string;
  readonly milliseconds: number;
} {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
  const url = (database: string): string => JSON.stringify(`postgres://postgres@/${database}?host=${of.admin.host}`);
  writeFileSync(
    join(of.folder, '..', 'oneroof.yaml'),
    `targets: { production: { url: ${url(of.database)} } }\nclone: { provider: template, admin: { url: ${url('postgres')} }, source: ${of.database}, sameServer: true }\n`,
  );
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'rehearse', of.folder, '--golden', '--keep', 'never'],
    {
      cwd: join(of.folder, '..'),
      encoding: 'utf8',
    },
  );
  return { status, said: `${stdout}${stderr}`, milliseconds: performance.now() - began };
}

function writeRelease({ folder, pair, database }: Case, { allows, varies }: Declared): void {
  rmSync(folder, { recursive: true, force: true });
  const tier = join(folder, 'tiers', '1-pair');
  mkdirSync(tier, { recursive: true });
  const text = (sql: string): string => (allows ? asLintAsks(sql) : sql);
  writeFileSync(join(tier, 'up.sql'), text(pair.up));
  writeFileSync(join(tier, 'down.sql'), text(pair.down));
  const reasons = allowed.map((name) => ` ${name}: the project has it so`).join(',');
  writeFileSync(
    join(folder, 'release.yaml'),
    `format: 1\nname: pair\ntitle: A pair\ndatabase: ${database}\ntouches: ["*.*"]\n${allows ? `allows: {${reasons} }\n` : ''}varies: ${JSON.stringify(varies)}\ntiers:\n  - { id: 1-pair, title: The pair, transaction: ${pair.transaction} }\n`,
  );
}

/** What a person does with a file that lint refuses: all of it becomes one transaction, and an empty file gets a statement that does nothing. */
function asLintAsks(sql: string): string {
  const unwrapped = sql
    .replaceAll(/^\s*(?:begin|start transaction|commit)(?: work)?\s*;\s*$/gim, '')
    .replaceAll(/\bconcurrently\s+(?:if\s+not\s+exists\s+)?/gi, '');
  return isEmpty(unwrapped) ? `${unwrapped}\nselect 1;\n` : unwrapped;
}

function say({ code, problem }: { readonly code: string; readonly problem: string }): string {
  return `${code}: ${problem.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
}

function ownSql({ stages }: Rehearsal): number {
  return stages.flatMap(({ steps }) => steps).reduce((sum, { durationMs }) => sum + durationMs, 0);
}
