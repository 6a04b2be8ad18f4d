import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Page as Tab } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { binFolder, shell, type Shown } from '../cli/people.io.ts';
import { withKillableServer } from '../rollout/killable-server.io.ts';
import { parts } from './parts.ts';
import { addAuthenticator, freePort, hasBrowser, launch } from '../signing/browser.io.ts';

/** What the reader does on a page: makes the passkey, or reads, types the code and uses it. */
async function onPage(tab: Tab, { url, code }: Shown): Promise<void> {
  await tab.goto(url);
  if (code !== '') {
    await tab.fill('#code', code);
    // longer than the second of review that the policy asks for
    await tab.waitForTimeout(2_000);
  }
  await tab.click('form button');
  await tab.locator('output.go, output.no').waitFor({ timeout: 60_000 });
  expect(await tab.locator('output.no').count(), (await tab.textContent('output')) ?? '').toBe(0);
}

describe.skipIf(!hasBrowser())('docs/TUTORIAL.md', () => {
  it('does what it says, line by line, on a server of its own', { timeout: 600_000 }, () =>
    withKillableServer('18', async ({ connection }) => {
      const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'TUTORIAL.md'), 'utf8');
      const folder = mkdtempSync(join(tmpdir(), 'oneroof-tutorial-'));
      const bin = binFolder();
      const port = String(await freePort());
      const browser = await launch();
      const env: NodeJS.ProcessEnv = {};
      let seen = '';
      try {
        const tab = await (await browser.newContext()).newPage();
        await addAuthenticator(tab, 'verifies');
        // the last section has a production of its own: far-tutorial.test.ts
        for (const part of parts(page.slice(0, page.indexOf('## Production on another host')))) {
          if (part.kind === 'write') {
            mkdirSync(dirname(join(folder, part.file)), { recursive: true });
            writeFileSync(join(folder, part.file), part.text.replace('localhost:8443', `localhost:${port}`));
            continue;
          }
          if (part.kind === 'see') {
            for (const line of part.lines) expect(seen).toContain(line);
            continue;
          }
          const [, name, role, database] =
            /^export (\w+)=postgres:\/\/(\w+)@localhost:5432\/(\w+)$/.exec(part.line) ?? [];
          if (name !== undefined) {
            env[name] = `postgres://${role}@/${database}?host=${encodeURIComponent(connection.host)}`;
            continue;
          }
          const people = (shown: Shown): Promise<void> => onPage(tab, shown);
          const { status, stdout, stderr } = await shell(part.line, { folder, bin, env, people });
          seen = stdout + stderr;
          expect(status, `${part.line}\n${seen}`).toBe(part.status);
        }
      } finally {
        await browser.close();
        for (const one of [folder, bin]) rmSync(one, { recursive: true, force: true });
      }
    }),
  );

  it('is read as it is meant: files, lines with their exit status, and what is seen', () => {
    const page = '```yaml\n# file: a.yaml\na: 1\n```\n\n```sh\nx\ny --z # exit status 1\n```\n\n```text\nseen\n```\n';
    expect(parts(page)).toEqual([
      { kind: 'write', file: 'a.yaml', text: '# file: a.yaml\na: 1\n' },
      { kind: 'run', line: 'x', status: 0 },
      { kind: 'run', line: 'y --z', status: 1 },
      { kind: 'see', lines: ['seen'] },
    ]);
    expect(() => parts('```js\n1\n```\n')).toThrow('js');
  });
});
