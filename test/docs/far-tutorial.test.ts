import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hasNamespaces, withFarHost } from '../cli/far-host.io.ts';
import { binFolder } from '../cli/people.io.ts';
import { runSql } from '../database.io.ts';
import { parts } from './parts.ts';

// without root or iproute2 there is no second network to put production into
it.skipIf(!hasNamespaces)(
  'docs/TUTORIAL.md, production on another host: does what it says, line by line, in at most eight commands',
  { timeout: 300_000 },
  () =>
    withFarHost(
      '18',
      async ({ server, host, shell }) => {
        const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'TUTORIAL.md'), 'utf8');
        const section = page.slice(page.indexOf('## Production on another host'), page.indexOf('## Next'));
        const folder = mkdtempSync(join(tmpdir(), 'oneroof-tutorial-'));
        chmodSync(folder, 0o755);
        const bin = binFolder();
        await runSql(server.connection('postgres'), ['create database app']);
        await runSql(server.connection('app'), ['create table orders (id integer primary key)']);
        try {
          const env: NodeJS.ProcessEnv = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
          let [seen, commands] = ['', 0];
          for (const part of parts(section)) {
            if (part.kind === 'write') throw new Error('this section writes no file');
            if (part.kind === 'see') {
              for (const line of part.lines) expect(seen).toContain(line);
              continue;
            }
            const [, name, value] = /^export (\w+)=(.*)$/.exec(part.line) ?? [];
            if (name !== undefined) {
              env[name] = value?.replace('db.example.org', host);
              continue;
            }
            commands += 1;
            const { status, stdout, stderr } = shell(part.line, { folder, env });
            seen = stdout + stderr;
            expect(status, `${part.line}\n${seen}`).toBe(part.status);
          }
          expect(commands).toBeLessThanOrEqual(8);
        } finally {
          for (const one of [folder, bin]) rmSync(one, { recursive: true, force: true });
        }
      },
      'trust',
    ),
);
