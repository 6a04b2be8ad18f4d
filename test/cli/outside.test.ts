import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSql } from '../database.io.ts';
import { type LoopbackServer, startLoopbackServer } from '../gate/loopback.io.ts';
import { outsideFiles } from '../rollout/outside.io.ts';
import { withDesk } from './session.io.ts';

const files = outsideFiles(
  'create index concurrently big_v on big (v);\nvacuum (analyze) big;',
  'drop index concurrently if exists big_v;',
);

describe('a release with statements outside of a transaction, as people type it', () => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer('18');
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it('is refused before it is rehearsed where the gate cannot reach its database, and goes all the way where it can', {
    timeout: 300_000,
  }, async () => {
    const application = [
      'create table big (id bigint primary key, v text)',
      "insert into big select i, 'x' || i from generate_series(1, 5000) i",
    ];
    await withDesk(
      async (desk) => {
        const { gated } = desk;
        const type = (line: string): { readonly text: string; readonly status: number | null } => {
          const { raw, status } = desk.type(line, { columns: null });
          return { text: raw, status };
        };
        await desk.deeds['oneroof.yaml is filled in']?.();
        await desk.deeds['a release is written']?.();
        const yaml = join(desk.home, 'oneroof.yaml');
        const { host, database } = gated.database;
        writeFileSync(
          yaml,
          readFileSync(yaml, 'utf8').replace(
            '    relay:',
            `    admin: { url: "postgres://postgres@/${database}?host=${host}" }\n    relay:`,
          ),
        );
        appendFileSync(yaml, '\n');
        expect(type('oneroof seal release')).toMatchObject({ status: 0 });
        expect(type('oneroof doctor').text).toContain('not prepared; only releases with statements outside');
        expect(type('oneroof rehearse release')).toMatchObject({
          status: 3,
          text: expect.stringMatching(/the extension dblink is not installed[^]*GATE_LOOPBACK/),
        });
        expect(type('oneroof install production --loopback --apply')).toMatchObject({
          status: 0,
          text: expect.stringContaining('and tried it'),
        });
        expect(type('oneroof doctor').text).toContain('tried: statements outside of a transaction can run');
        const rehearsed = type('oneroof rehearse release');
        expect(rehearsed, rehearsed.text).toMatchObject({ status: 0 });
        await desk.deeds['ana and ben ratify']?.();
        const done = type('oneroof rollout release');
        expect(done, done.text).toMatchObject({ status: 0 });
        const back = type('oneroof rollback release');
        expect(back, back.text).toMatchObject({ status: 0 });
        // a server that lets the runner in without asking for a password is refused by dblink, and doctor says so
        await at.rule('trust');
        expect(type('oneroof doctor').text).toMatch(/cannot reach itself as oneroof_runner[^]*scram-sha-256/);
        await at.rule('scram-sha-256');
      },
      { files, application, owned: { server: at.connection('postgres'), installer: null } },
    );
  });
});
