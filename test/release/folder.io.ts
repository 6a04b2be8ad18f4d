import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A small release that nothing is wrong with, by path. */
export const sound: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [public.t]
metrics:
  rows: rows of t
invariants:
  greenfield: { rows: 0 }
  finalized: { rows: { atLeast: 1 } }
tiers:
  - id: 1-first
    title: First
gates:
  - { id: ready, title: Ready, metric: rows, atLeast: 1, before: 1-first }
`,
  'tiers/1-first/up.sql': 'create table t (i integer);\n\n-- a row\ninsert into t values (1);\n',
  'tiers/1-first/down.sql': 'drop table if exists t;\n',
  'metrics/rows.sql': 'select count(*) from t\n',
};

/** Writes files into a new folder, hands it over, and deletes it. */
export async function withFolder<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-release-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
