import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';
import { withCopy } from '../gate/cycle.io.ts';
import { type Desk, withDesk } from './session.io.ts';

interface Verdict {
  readonly target: string;
  readonly readiness: { readonly status: string };
  readonly execution: { readonly status: string; readonly reasons: readonly string[] };
}

/** Two targets of one file: production is a copy of the database in which people ratify, before they did. */
function name({ home, gated }: Desk, production: Connection): void {
  const url = (role: string, { database, host }: Connection): string =>
    `"postgres://${role}@/${database}?host=${encodeURIComponent(host)}"`;
  const target = (at: Connection): string =>
    `{ url: ${url('oneroof_observer', at)}, relay: { url: ${url('oneroof_relay', at)} }, executor: { url: ${url('oneroof_executor', at)} } }`;
  const clone = { ...production, database: 'postgres' };
  writeFileSync(
    join(home, 'oneroof.yaml'),
    [
      'targets:',
      `  production: ${target(production)}`,
      `  staging: ${target(gated.database)}`,
      'clone:',
      '  provider: template',
      `  admin: { url: ${url('postgres', clone)} }`,
      `  source: ${gated.database.database}`,
      '  sameServer: true',
    ].join('\n'),
  );
}

it('says of each target by its name what holds there, whichever was read last', { timeout: 180_000 }, () =>
  withDesk(async (desk) => {
    const { gated, home, deeds } = desk;
    const type = (line: string): string => desk.type(line, { columns: null }).raw;
    const json = <T>(line: string): T => {
      const { raw } = desk.type(`${line} --json 2>/dev/null`, { columns: null });
      return JSON.parse(raw) as T;
    };
    await withCopy(gated, async (production) => {
      await runSql(production, [`revoke temporary on database ${production.database} from public`]);
      name(desk, production);
      for (const deed of ['a release is written', 'the owners are ready', 'ana and ben ratify']) await deeds[deed]?.();
      for (const line of ['seal release', 'rehearse release', 'gate release'])
        expect(type(`oneroof ${line}`), line).not.toContain('error:');
      // staging is the last that anything is recorded of
      expect(type('oneroof rollout release --target staging')).toContain('done');
      const { reports } = json<{ reports: readonly Verdict[] }>('oneroof report release');
      expect(reports.map(({ target, execution }) => [target, execution.status])).toEqual([
        ['production', 'NO-GO'],
        ['staging', 'DONE'],
      ]);
      expect(reports[0]?.execution.reasons.join()).toContain('ready = 0');
      const [alone] = json<{ reports: readonly Verdict[] }>('oneroof report release -t staging').reports;
      expect(alone).toMatchObject({ target: 'staging', execution: { status: 'DONE' } });
      const shown = desk.type('oneroof report release', { columns: null });
      expect(shown.status).toBe(1);
      expect(shown.raw).toMatch(/NO-GO +EXECUTION on production[\s\S]*DONE +EXECUTION on staging/);
      for (const [target, verdict] of [
        ['production', 'NO-GO until'],
        ['staging', 'DONE'],
      ] as const)
        expect(readFileSync(join(home, '.oneroof/reports', 'small', target, 'report.md'), 'utf8')).toContain(
          `EXECUTION on ${target}: ${verdict}`,
        );
      const summary = type('oneroof summary release');
      expect(summary).toMatch(/\*\*production: readiness .*execution ⛔ NO-GO/);
      expect(summary).toMatch(/\*\*staging: readiness .*execution ✅ DONE/);
      const prompt = type('oneroof prompt release');
      expect(prompt).toContain('HARD STOP: THE GATE OF "production" IS CLOSED.');
      expect(prompt).toContain('THE RELEASE IS DONE ON "staging"');
      expect(type('oneroof runbook release')).toMatch(/GATE OF production: CLOSED[\s\S]*DONE ON staging/);
      const { dossiers } = json<{ dossiers: readonly { target: string }[] }>('oneroof dossier release');
      expect(dossiers.map(({ target }) => target)).toEqual(['production', 'staging']);
    });
  }),
);
