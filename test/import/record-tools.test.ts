import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordProject } from '../../src/import/record-project.io.ts';
import { newest } from '../database.io.ts';
import { type ProgramTool, programTools } from './record-tools.io.ts';

const root = join(import.meta.dirname, '../..');

/** Writes the project of a tool into a folder of its own. */
async function withProject<T>({ files }: ProgramTool, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-record-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(newest)('PostgreSQL %s: the migrations of the real tool are recorded', (version) => {
  for (const tool of programTools)
    it.skipIf(tool.missing !== null)(
      `one by one, with their files and downs: ${tool.name}${tool.missing === null ? '' : `, here not installed: ${tool.missing}`}`,
      { timeout: 300_000 },
      () =>
        withProject(tool, async (folder) => {
          const project = await recordProject({
            forward: tool.forward,
            back: tool.back,
            withNetwork: false,
            folder,
            major: Number(version),
            files: {
              paths: Object.keys(tool.files),
              read: (path) => ({ text: tool.files[path] ?? '', problem: null }),
            },
            signal: new AbortController().signal,
            onProgress: () => undefined,
          });
          expect(project.tool).toBe(tool.name);
          expect(project.migrations.map(({ up, down }) => [up.file, up.text, down?.text])).toEqual(
            tool.migrations.map(([file, up, down]) => [file, expect.stringMatching(up), expect.stringMatching(down)]),
          );
          expect(project.warnings.map(({ text }) => text)).toEqual(
            tool.warns === undefined ? [] : [expect.stringMatching(tool.warns)],
          );
        }),
    );
});
