import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dumpStatements, sql } from '../../src/database/index.ts';
import { policyDocument, registryDocument } from '../../src/people/index.ts';
import { type Report, toMarkdown } from '../../src/report/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { type Answer } from '../cli/run.io.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { type Gated, policyOf, withGate } from '../gate/cycle.io.ts';
import { withPlace } from './place.io.ts';

const bulk = [
  'create table public.bulk (id integer primary key, note text)',
  `insert into public.bulk select g, repeat('x', 200) from generate_series(1, 3000) g`,
  'analyze public.bulk',
];

/** A place whose golden copies are a sample of the database with the gate. */
async function withSampled(
  version: Version,
  allowed: Gated['policy']['rehearsal'],
  use: (
    run: Parameters<Parameters<typeof withPlace>[1]>[0],
    of: { readonly folder: string; readonly gated: Gated },
  ) => Promise<void>,
): Promise<void> {
  const role = `dump_${randomBytes(4).toString('hex')}`;
  await withGate(version, { policy: { rehearsal: allowed }, application: bulk }, async (gated) =>
    withPlace(gated, async (run, folder) => {
      const { database, host } = gated.database;
      await runSql(gated.database, dumpStatements(role));
      chmodSync(folder, 0o755);
      const file = join(folder, 'oneroof.yaml');
      const [targets = ''] = readFileSync(file, 'utf8').split('clone:');
      const url = `postgres://${role}@/${database}?host=${encodeURIComponent(host)}`;
      const { maxAge: _maxAge, ...rehearsal } = allowed;
      const written = `${targets}clone:\n  provider: dump\n  dump: { url: "${url}" }\n  folder: copies\n  bin: ${binariesOf(version).folder}\n  sample: { share: 5%, above: 64kB }\n`;
      writeFileSync(file, written);
      writeFileSync(join(folder, 'registry.json'), registryDocument(gated.registry));
      writeFileSync(
        join(folder, 'policy.yaml'),
        JSON.stringify({
          ...gated.policy,
          window: { longest: '24h', review: '1ms', rollback: '1h' },
          rehearsal: { maxAge: '24h', ...rehearsal },
        }),
      );
      try {
        await use(run, { folder, gated });
      } finally {
        // the place reads it once more
        writeFileSync(file, written);
        await runSql(gated.database, [`drop owned by ${role}`]);
        await runSql(gated.database, [`drop role ${role}`]).catch(() => undefined);
      }
    }),
  );
}

function reportOf(answer: Answer): Report {
  const { reports } = JSON.parse(answer.stdout) as { readonly reports: readonly Report[] };
  expect(reports.length, answer.stderr).toBe(1);
  return reports[0] as Report;
}

const maxAge = 86_400_000 as Gated['policy']['rehearsal']['maxAge'];

it.each(newest)(
  'on %s a rehearsal on a sample does not count where the policy does not allow it, and every record says that it was one',
  { timeout: 400_000 },
  async (version) =>
    withSampled(version, { maxAge }, async (run, { folder }) => {
      const rehearsed = run('rehearse', 'release', '--golden', '--json');
      expect(rehearsed.status, rehearsed.stderr).toBe(0);
      expect(JSON.parse(rehearsed.stdout)).toMatchObject({
        rehearsal: { golden: { proofLevel: 'sampled', sample: { share: 50_000, tables: [{ table: 'public.bulk' }] } } },
      });
      run('gate', 'release');
      const report = reportOf(run('report', 'release', '--json'));
      expect(report.readiness).toMatchObject({
        status: 'NO-GO',
        reasons: [expect.stringMatching(/^REHEARSAL_SAMPLED: .*the policy does not allow that; rehearse on every row/)],
      });
      expect(report.bound).toBe('at least');
      expect(report.copy?.[1]).toMatch(/^sampled: 5% of the rows of 1 table/);
      expect(toMarkdown(report)).toMatch(/1-rows: Rows \| 2 \| at least /);
      const dossier = run('dossier', 'release').stdout;
      expect(dossier).toContain('It was rehearsed on a sample of production');
      expect(dossier).toMatch(/sampled: public\.bulk: \d+ rows of about 3000/);
      expect(dossier).toMatch(/forward at least [\d.]+ ms; back at least/);
      const asked = run('ratify', 'release');
      expect([asked.status, asked.stderr]).toEqual([3, expect.stringContaining('[REHEARSAL_SAMPLED]')]);
      const made = run('clone', 'make', '--purpose', 'a look', '--hours', '1');
      expect(made.status, made.stderr).toBe(0);
      expect(run('clone', 'list').stdout).toContain('sampled');
      expect(run('doctor').stdout).toContain('a sample of 5%');
      // the file that an agent can write does not decide it
      const file = join(folder, 'oneroof.yaml');
      const written = readFileSync(file, 'utf8');
      writeFileSync(file, `${written}policy: { rehearsalMaxAge: 7d, gateMaxAge: 1h, sampled: allowed }\n`);
      expect(run('report', 'release').stderr).toContain('sampled: this key is unknown');
      writeFileSync(file, written.replace('share: 5%', 'share: 6%'));
      expect(run('rehearse', 'release').stderr).toContain('[CLONE_SAMPLE_STALE]');
      writeFileSync(file, written.replace('above:', 'keep: { public.bulk: "unknown > 1" }, above:'));
      expect(run('clone', 'golden').stderr).toContain('[CLONE_SAMPLE_INVALID]');
      writeFileSync(
        file,
        `${written.split('clone:')[0] ?? ''}clone:\n  provider: template\n  admin: { url: "postgres://x@/postgres" }\n  source: x\n  sample: { share: 5% }\n`,
      );
      const other = run('clone', 'golden');
      expect([other.status, other.stderr]).toEqual([2, expect.stringMatching(/copies every row.*CONFIG_INVALID/s)]);
      expect(other.stderr).toContain('provider: dump');
    }),
);

it.each(newest)(
  'on %s a rehearsal on a sample counts where the signed policy allows it',
  { timeout: 400_000 },
  async (version) =>
    withSampled(version, { maxAge, sampled: 'allowed' }, async (run, { gated }) => {
      const rehearsed = run('rehearse', 'release', '--golden');
      expect(rehearsed.status, rehearsed.stderr).toBe(0);
      run('gate', 'release');
      const report = reportOf(run('report', 'release', '--json'));
      expect(report.readiness).toEqual({ status: 'GO', reasons: [] });
      expect([report.bound, report.policy.sampled]).toEqual(['at least', 'allowed']);
      expect(report.components.find(({ id }) => id === 'rollout')?.evidence).toMatch(
        /a sample of production \(at least/,
      );
      // the gate takes this policy, and no other word
      await withSession(gated.database, async (session) => {
        const problem = async (sampled: 'allowed'): Promise<unknown> => {
          const document = policyDocument(policyOf({ rehearsal: { maxAge, sampled } }));
          return (await session.query(sql`select gate.policy_problem(${document}::jsonb) as problem`))[0];
        };
        expect(await problem('allowed')).toEqual({ problem: null });
        expect(await problem('perhaps' as 'allowed')).toEqual({ problem: 'sampled is allowed, or absent' });
      });
    }),
);
