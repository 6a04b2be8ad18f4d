import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import { type Stage, withStage } from './live.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** A shell in which `oneroof` is this program: lines are typed as they stand. */
async function withShell(use: (type: (line: string) => Promise<Ended>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-shell-'));
  const shim = join(folder, 'oneroof');
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(shim, 0o755);
  try {
    await use(
      (line) =>
        new Promise((resolve) => {
          const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
          const child = spawn('sh', ['-c', line], { env, stdio: ['ignore', 'pipe', 'inherit'] });
          let out = '';
          child.stdout.on('data', (chunk) => (out += String(chunk)));
          child.once('close', (code) => resolve({ code, out }));
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The commands in the blocks of a section, in order; of the whole text where no section is named. */
function commandsOf(text: string, section?: string): readonly string[] {
  const part = section === undefined ? text : (text.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '');
  return [...part.matchAll(/```sh\n(.*?)\n```/gs)].flatMap(([, block = '']) => block.split('\n'));
}

/** The rollback; what comes after it is for a rollback that stays closed. */
function rollbackOf(text: string): readonly string[] {
  return commandsOf(text, 'Roll back').filter((line) => line.startsWith('oneroof rollback '));
}

async function schemaOf({ gated }: Stage): Promise<string> {
  return withSession(gated.database, async (session) => {
    const [row] = await session.query<{ digest: string }>(sql`select gate.schema_digest() as digest`);
    return row?.digest ?? '';
  });
}

it(
  'runbook and prompt are followed to the letter: closed they change nothing, open they roll out and back',
  { timeout: 300_000 },
  () =>
    withStage((stage) =>
      withShell(async (type) => {
        const { gated, home } = stage;
        const { ana, ben } = gated.people;
        const on = `${gated.folder} -C ${home}`;
        const follow = async (lines: readonly string[]): Promise<readonly (number | null)[]> => {
          expect(lines.length).toBeGreaterThan(0);
          const codes: (number | null)[] = [];
          for (const line of lines) codes.push((await type(line)).code);
          return codes;
        };
        // nobody has ratified yet, so the look that comes first finds it closed
        for (const [verb, code] of Object.entries({ seal: 0, 'rehearse --golden': 0, gate: 1 }))
          expect((await type(`oneroof ${verb} ${on}`)).code, verb).toBe(code);
        const before = await schemaOf(stage);

        const closed = await type(`oneroof runbook ${on} --target production`);
        expect(closed.code).toBe(1);
        // the seal is as it should be; the look finds the gate closed
        expect(await follow(commandsOf(closed.out, '1. Check'))).toEqual([0, 1, 1]);
        for (const code of await follow(commandsOf(closed.out, '2. Roll out'))) expect(code).toBe(1);
        for (const code of await follow(rollbackOf(closed.out))) expect(code).toBe(1);
        const stop = await type(`oneroof prompt ${on} --target production`);
        expect([stop.code, stop.out.startsWith('HARD STOP')]).toEqual([1, true]);
        expect(commandsOf(stop.out).join('\n')).not.toMatch(/rollout|rollback|ratify|install/);
        for (const code of await follow(commandsOf(stop.out))) expect(code).toBe(1);
        expect(await schemaOf(stage)).toBe(before);

        await gated.ratify(await gated.ratification(), [ana, ben]);
        const open = await type(`oneroof runbook ${on} --target production`);
        expect(open.code).toBe(0);
        for (const code of await follow(commandsOf(open.out, '1. Check'))) expect(code).toBe(0);
        for (const code of await follow(commandsOf(open.out, '2. Roll out'))) expect(code).toBe(0);
        expect(await schemaOf(stage)).not.toBe(before);
        for (const code of await follow(rollbackOf(open.out))) expect(code).toBe(0);
        expect(await schemaOf(stage)).toBe(before);

        expect((await type(`oneroof prompt ${on} --target production`)).code).toBe(1);
        await gated.ratify(await gated.ratification(), [ana, ben]);
        const button = await type(`oneroof prompt ${on} --target production`);
        expect(button.code).toBe(0);
        expect(commandsOf(button.out)).toHaveLength(1);
        expect(await follow(commandsOf(button.out))).toEqual([0]);
        expect(await schemaOf(stage)).not.toBe(before);
      }),
    ),
);
