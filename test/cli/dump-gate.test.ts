import { cpSync, mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Footprint } from '../../src/fingerprint/index.ts';
import { fixed, sql } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { note } from '../gate/footprint.io.ts';
import { oneroof } from './run.io.ts';

it.each(newest)(
  'PostgreSQL %s: what was rehearsed on a copy by SQL of a production with a gate is ratified, rolled out and rolled back',
  { timeout: 300_000 },
  (version) =>
    withGate(version, {}, async (gated) => {
      const { database, people } = gated;
      const folder = mkdtempSync(join(tmpdir(), 'oneroof-far-'));
      chmodSync(folder, 0o755);
      const url = (role: string): string =>
        `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
      const run = (...words: string[]) => oneroof(words, { folder });
      try {
        cpSync(gated.folder, join(folder, 'release'), { recursive: true });
        writeFileSync(
          join(folder, 'oneroof.yaml'),
          `targets:
  production:
    url: "${url('oneroof_observer')}"
    relay: { url: "${url('oneroof_relay')}" }
    executor: { url: "${url('oneroof_executor')}" }
clone:
  provider: dump
  dump: { url: "${url('oneroof_dump')}" }
  folder: clones
  bin: ${binariesOf(version).folder}
`,
        );
        await runSql(database, [
          `revoke temporary on database ${database.database} from public`,
          'grant usage on schema public to oneroof_observer',
          'insert into readiness values (1)',
        ]);
        const grants = run('grants', '--for-dump').stdout;
        await withSession(database, (session) => session.script([sql`${fixed(grants)}`]));
        expect(run('seal', 'release').status).toBe(0);
        const golden = run('clone', 'golden');
        expect([golden.status, golden.stderr]).toEqual([0, '']);
        expect(golden.stdout).toContain('compared with one snapshot of production, and equal');
        expect(golden.stdout).toContain('the contents of the gate: its functions are those of this program');

        const made = run('clone', 'make').stdout.trim();
        expect(made).toMatch(/^oneroof_/);
        expect(run('clone', 'drop', made).status).toBe(0);

        const rehearsed = run('rehearse', 'release', '--json');
        expect(rehearsed.status, rehearsed.stdout).toBe(0);
        const { footprint, gateSchema } = (
          JSON.parse(rehearsed.stdout) as {
            readonly rehearsal: { readonly footprint: Footprint | null; readonly gateSchema: string | null };
          }
        ).rehearsal;
        expect(gateSchema).toMatch(/^sha256:/);
        if (footprint === null) throw new Error('there is no footprint');
        await gated.ratify(await gated.ratification({}, { schema: note(footprint) }), [people.ana, people.ben]);
        for (const verb of ['rollout', 'rollback']) {
          const answer = run(verb, 'release');
          expect([verb, answer.status], `${answer.stdout}${answer.stderr}`).toEqual([verb, 0]);
        }
      } finally {
        await runSql(database, ['drop owned by oneroof_dump']).catch(() => undefined);
        rmSync(folder, { recursive: true, force: true });
      }
    }),
);
