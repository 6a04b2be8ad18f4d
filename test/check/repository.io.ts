import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type CheckResult, checkResultForm, type JudgedMigration } from '../../src/check/index.ts';
import { foundServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { type Answer, oneroof } from '../cli/run.io.ts';

/** A migration of a test: its SQL forward, and back where it has a down. */
export interface Written {
  readonly name: string;
  readonly up: string;
  readonly down?: string;
}

/** Makes a folder with these files, hands it over, and removes it. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T> | T,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-check-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const goMod = (module: string): string => `module example.org/shop\n\nrequire ${module} v4.0.0\n`;

/** Migrations in the layout of golang-migrate, from 1 on. */
export function golangMigrate(all: readonly Written[]): Readonly<Record<string, string>> {
  const files = all.flatMap(({ name, up, down }, at) => {
    const path = `migrations/${String(at + 1).padStart(6, '0')}_${name}`;
    return [[`${path}.up.sql`, up], ...(down === undefined ? [] : [[`${path}.down.sql`, down]])];
  });
  return { 'go.mod': goMod('github.com/golang-migrate/migrate/v4'), ...Object.fromEntries(files) };
}

/** Migrations in the layout of goose, from 1 on; each file holds both directions. */
export function goose(all: readonly Written[]): Readonly<Record<string, string>> {
  const files = all.map(({ name, up, down }, at) => [
    `migrations/${String(at + 1).padStart(5, '0')}_${name}.sql`,
    `-- +goose Up\n${up}\n${down === undefined ? '' : `-- +goose Down\n${down}\n`}`,
  ]);
  return { 'go.mod': goMod('github.com/pressly/goose/v3'), ...Object.fromEntries(files) };
}

/** A check through the command line, with its result where it came to one. */
export interface Checked extends Answer {
  readonly result: CheckResult;
  /** What is said of the baseline. */
  readonly note: string | null;
  /** The judged migration whose name ends so. */
  of(name: string): JudgedMigration;
}

/** A version that is installed for the tests alone is found by the command on PATH. */
function reaching(words: readonly string[]): NodeJS.ProcessEnv {
  const version = words[words.indexOf('--postgres') + 1] as Version;
  if (!words.includes('--postgres') || foundServer(Number(version)) !== null) return {};
  return { PATH: `${binariesOf(version).folder}:${process.env['PATH'] ?? ''}` };
}

/** Runs the command with --json, without a cache unless one is named; fails where it gives another form than the published one. */
export function checked(folder: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Checked {
  const cache = words.includes('--cache') ? [] : ['--no-cache'];
  const answer = oneroof(['check', folder, '--json', ...cache, ...words.filter((word) => word !== '--no-cache')], {
    env: { ...reaching(words), ...env },
  });
  const parsed = z
    .object({ result: checkResultForm, baseline: z.object({ note: z.string().nullable() }).nullable() })
    .safeParse(JSON.parse(answer.stdout || '{}'));
  if (!parsed.success) throw new Error(`no result: ${answer.stdout}${answer.stderr}`);
  const { result, baseline } = parsed.data;
  return {
    ...answer,
    result,
    note: baseline?.note ?? null,
    of: (name) => {
      const found = result.migrations.find((one) => one.name.endsWith(`_${name}`) || one.name === name);
      if (found === undefined)
        throw new Error(`${name} was not judged: ${result.migrations.map((one) => one.name).join()}`);
      return found;
    },
  };
}
