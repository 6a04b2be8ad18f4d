import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { withDatabase } from '../database.io.ts';
import { loadedBy } from './loaded.io.ts';
import { oneroof } from './run.io.ts';

function urlOf({ host, port, user, database }: Connection): string {
  return `postgres://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

it('keeps evidence in a database that oneroof.yaml names, for every command, and checks a bundle of it without the driver', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-evidence-'));
  try {
    await withDatabase('18', async (database) => {
      cpSync(join(import.meta.dirname, '..', '..', 'examples', 'one-roof'), join(folder, 'release'), {
        recursive: true,
      });
      // no target answers: what needs none must not ask one
      const nowhere = { PRODUCTION_URL: 'postgres://observer@127.0.0.1:1/none', EVIDENCE_URL: urlOf(database) };
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        'targets: { production: { urlFrom: PRODUCTION_URL } }\nevidence: { urlFrom: EVIDENCE_URL, keyFile: secret/key }\n',
      );
      const run = (...words: string[]) => oneroof(words, { folder, env: nowhere });
      expect(run('seal', 'release')).toMatchObject({ status: 0 });
      expect(existsSync(join(folder, '.oneroof', 'evidence'))).toBe(false);
      expect(existsSync(join(folder, 'secret', 'key'))).toBe(true);
      const log = JSON.parse(run('log', 'release', '--json').stdout) as { entries: { kind: string; digest: string }[] };
      expect(log.entries.map(({ kind }) => kind)).toEqual(['seal']);
      expect(run('report', 'release').status).toBe(1);
      const report = readFileSync(join(folder, '.oneroof', 'reports', 'one-roof', 'production', 'report.md'), 'utf8');
      expect(report).toContain(`urn:oneroof:evidence:${log.entries[0]?.digest ?? '?'}`);
      const bundle = run('bundle', 'release', '--out', 'b.json');
      expect(bundle).toMatchObject({
        status: 0,
        stderr: expect.stringContaining('production was not asked') as string,
      });
      expect(run('bundle', 'release', '--offline', '--out', 'c.json').stderr).toBe(
        'next: oneroof verify-evidence c.json\n',
      );

      const checked = loadedBy(['verify-evidence', 'b.json'], { folder, forbidden: 'pg' });
      expect(checked).toMatchObject({ status: 0, stderr: '' });
      expect(checked.stdout).toContain('2 entries');
      // the control: a command that asks a database fails at the driver
      const asks = loadedBy(['log', 'release'], { folder, env: nowhere, forbidden: 'pg' });
      expect(asks.stdout + asks.stderr).toContain('pg was loaded');
    });
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      'targets: { production: {} }\nevidence: { url: "postgres://a:b@h/d" }\n',
    );
    expect(oneroof(['log'], { folder }).stderr).toContain('[CONFIG_INVALID]');
    expect(oneroof(['log'], { folder }).stderr).toContain('contains a password');
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      'targets: { production: {} }\nevidence: { url: "postgres://a@127.0.0.1:1/d" }\n',
    );
    expect(oneroof(['log'], { folder }).stderr).toContain('[CONNECT_REFUSED]');
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
