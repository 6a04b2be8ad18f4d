import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run as dossier } from '../../src/cli/commands/dossier.io.ts';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { run as rehearseRelease } from '../../src/cli/commands/rehearse.io.ts';
import { run as rollback } from '../../src/cli/commands/rollback.io.ts';
import { run as rollout } from '../../src/cli/commands/rollout.io.ts';
import { run as seal } from '../../src/cli/commands/seal.io.ts';
import { type Policy } from '../../src/people/index.ts';
import { sql } from '../../src/database/index.ts';
import { withGate } from '../gate/cycle.io.ts';
import { clocked, later } from '../gate/purpose.io.ts';
import { freePort } from './browser.io.ts';
import { desk, signOn } from './desk.io.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { runSql } from '../database.io.ts';

/** The code that a person types, from what the command says. */
const codeOf = (line: string | undefined): string => / type ([0-9a-f]{6})/.exec(line ?? '')?.[1] ?? 'none';

it('goes from a rehearsal on a clone through two passkeys to a rollout, and back', { timeout: 120_000 }, async () => {
  const origin = `http://localhost:${await freePort()}`;
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
  await withGate('18', clocked({ policy: { origin, rpId: 'localhost', window } }), async (gated) => {
    const { database, folder, people } = gated;
    const url = (role: string): string =>
      `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
    await gated.as('app_owner', async (session) => {
      await session.query(sql`grant usage on schema public to oneroof_observer`);
      await session.query(sql`grant select on all tables in schema public to oneroof_observer`);
    });
    await runSql(database, [`revoke temporary on database ${database.database} from public`]);
    const home = mkdtempSync(join(tmpdir(), 'oneroof-ratify-'));
    writeFileSync(
      join(home, 'oneroof.yaml'),
      [
        'targets:',
        '  production:',
        `    url: "${url('oneroof_observer')}"`,
        `    relay: { url: "${url('oneroof_relay')}" }`,
        `    executor: { url: "${url('oneroof_executor')}" }`,
        'clone:',
        '  provider: template',
        `  admin: { url: "postgres://postgres@/postgres?host=${encodeURIComponent(database.host)}" }`,
        `  source: ${database.database}`,
        '  sameServer: true',
      ].join('\n'),
    );
    const { said, command, interrupt } = desk(home, folder);
    await command(seal);
    await expect(command(ratify)).rejects.toMatchObject({ code: 'NOT_REHEARSED' });
    for (const further of [{ rollback: true }, { holdPoint: '2-table' }])
      await expect(command(ratify, further)).rejects.toMatchObject({ code: 'CYCLE_MISSING' });
    await expect(command(ratify, { rollback: true, holdPoint: '2-table' })).rejects.toMatchObject({ code: 'USAGE' });
    const rehearsed = await command(rehearseRelease, { golden: true });
    expect(rehearsed.exit, rehearsed.text).toBe(0);
    expect(await command(rollout)).toMatchObject({ exit: 1, text: expect.stringContaining('BLOCKED') });
    const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
    const dossiers = async () => (await store.entries()).filter(({ kind }) => kind === 'dossier');
    const printed = await command(dossier);
    expect(printed.data).toMatchObject({
      dossiers: [
        { target: 'production', dossier: { now: { read: true, schema: 'as rehearsed' }, target: 'production' } },
      ],
    });
    expect((await store.entries()).map(({ kind }) => kind)).toContain('rehearsal');
    expect(await dossiers()).toEqual([]);
    // as if the database had received the release in an hour: then there was no time to review it
    await runSql(database, [
      `insert into gate.first_seen values ('${gated.sealed.seal}', clock_timestamp() + interval '1 hour')`,
    ]);
    const first = command(ratify);
    expect(await signOn(said, gated, people.ana)).toMatchObject({
      ok: false,
      code: 'review',
      text: expect.stringMatching(
        /^signatures count from \S+ \S+ UTC: the policy requires 1 ms of review since the database received/,
      ),
    });
    expect(said.join('\n')).toMatch(/^signatures count from /m);
    await runSql(database, [`update gate.first_seen set received_at = received_at - interval '2 hours'`]);
    expect(await signOn(said, gated, people.ira)).toMatchObject({ ok: false, code: 'author' });
    expect(await signOn(said, gated, people.ana)).toMatchObject({ ok: true, complete: false });
    const asked = said.findLast((one) => one.startsWith('open http'));
    interrupt();
    await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
    said.length = 0;
    // whoever is asked later is asked for the same statement, and shown the same dossier
    const ratifying = command(ratify);
    await expect.poll(() => said.some((line) => line.startsWith('open http')), { timeout: 60_000 }).toBe(true);
    expect(codeOf(said.findLast((one) => one.startsWith('open http')))).toBe(codeOf(asked));
    expect(await dossiers()).toHaveLength(1);
    expect(await command(rollout)).toMatchObject({ exit: 1, text: expect.stringContaining('seats: 1 of 2') });
    expect(await signOn(said, gated, people.ben)).toMatchObject({ ok: true, complete: true });
    expect((await ratifying).data).toMatchObject({ persons: ['ana', 'ben'] });
    const begun = await command(rollout);
    expect(begun.text).toMatch(/^done +1-rows +.* 2 statements$/m);
    expect(begun).toMatchObject({ exit: 1, text: expect.stringContaining('data-gate') });
    await gated.as('app_owner', (session) => session.query(sql`insert into public.readiness values (1)`));
    expect(await command(rollout)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^done +2-table .* 1 statement$/),
      data: { looked: true },
      next: expect.stringMatching(/^oneroof report /),
    });
    expect((await store.entries()).at(-1)).toMatchObject({ kind: 'gate' });
    expect(await command(rollout)).toMatchObject({ exit: 0, text: 'nothing to do' });
    // its time is over: people carry it on, and the same command goes
    await later(database, '10 hours');
    expect(await command(rollback)).toMatchObject({ exit: 1, text: expect.stringContaining('expired') });
    said.length = 0;
    const carrying = command(ratify, { rollback: true, hours: '20' });
    for (const one of [people.ana, people.ben]) expect(await signOn(said, gated, one)).toMatchObject({ ok: true });
    expect(await carrying).toMatchObject({ exit: 0, next: expect.stringMatching(/^oneroof rollback /) });
    expect(await command(rollback, { dryRun: true })).toMatchObject({ exit: 0 });
    // what was done stays done where nobody can look afterwards
    const config = join(home, 'oneroof.yaml');
    const lost = readFileSync(config, 'utf8').replace('oneroof_observer@/', 'oneroof_observer@/no_');
    writeFileSync(config, lost);
    expect(await command(rollback)).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/^done +2-table .*\ndone +1-rows .*$/),
      data: { looked: false },
      next: expect.stringMatching(/^oneroof gate /),
    });
    expect(said.some((line) => line.startsWith('production could not be read afterwards: '))).toBe(true);
    expect(await command(rollback)).toMatchObject({ exit: 0, text: 'nothing to do' });
    rmSync(home, { recursive: true });
  });
});
