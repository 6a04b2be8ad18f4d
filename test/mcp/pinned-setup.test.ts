import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { callProgram } from '../../src/clone/exec/call-program.io.ts';
import { type CloneSetup, pinSetup, readSetup, requirePinned } from '../../src/setup/index.ts';

const text = (word: string): string =>
  `targets: { one: { url: "postgres://nobody@127.0.0.1:1/none" } }\nclone: { provider: exec, command: [node, ${word}] }\n`;
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

it('what a call reads and starts is what was there at the start, also where it changes while the call works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-pinned-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [yaml, program] = [join(folder, 'oneroof.yaml'), join(folder, 'clone.mjs')];
  const first = `process.stdout.write('{"version":1,"program":"first"}')`;
  writeFileSync(yaml, text('./clone.mjs'));
  writeFileSync(program, first);
  await pinSetup(folder);
  const { clone } = await readSetup(folder);
  const exec = clone as Extract<CloneSetup, { provider: 'exec' }>;
  const start = (): Promise<unknown> =>
    callProgram(exec, { version: 1, verb: 'probe', request: 'a', place: 'oneroof-probe' });
  const all = async (): Promise<readonly string[]> => [
    await codeOf(requirePinned),
    await codeOf(() => readSetup(folder)),
    (await codeOf(start)) === 'TOOL_CONFIG' ? 'TOOL_CONFIG' : 'started',
  ];
  expect(await all()).toEqual(['done', 'done', 'started']);

  // a program is looked at again where it is started: a call may have begun long before
  writeFileSync(program, first.replace('first', 'other'));
  expect(await all()).toEqual(['TOOL_CONFIG', 'done', 'TOOL_CONFIG']);
  rmSync(program);
  symlinkSync('/dev/zero', program);
  expect(await all()).toEqual(['TOOL_CONFIG', 'done', 'TOOL_CONFIG']);
  rmSync(program);
  writeFileSync(program, first);
  expect(await all()).toEqual(['done', 'done', 'started']);

  // the bytes that are read are those that are compared
  writeFileSync(yaml, text('./other.mjs'));
  expect(await all()).toEqual(['TOOL_CONFIG', 'TOOL_CONFIG', 'TOOL_CONFIG']);
});
