import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { run as rehearseRelease } from '../../src/cli/commands/rehearse.io.ts';
import { run as rollback } from '../../src/cli/commands/rollback.io.ts';
import { run as rollout } from '../../src/cli/commands/rollout.io.ts';
import { run as seal } from '../../src/cli/commands/seal.io.ts';
import { type Policy } from '../../src/gate/index.ts';
import { sql } from '../../src/database/index.ts';
import { withGate } from '../gate/cycle.io.ts';
import { freePort } from './browser.io.ts';
import { desk, signOn } from './desk.io.ts';

it('goes from a rehearsal on a clone through two passkeys to a rollout, and back', { timeout: 120_000 }, async () => {
  const origin = `http://localhost:${await freePort()}`;
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
  await withGate('18', { policy: { origin, rpId: 'localhost', window } }, async (gated) => {
    const { database, folder, people } = gated;
    const url = (role: string): string =>
      `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
    await gated.as('app_owner', async (session) => {
      await session.query(sql`grant usage on schema public to oneroof_observer`);
      await session.query(sql`grant select on all tables in schema public to oneroof_observer`);
    });
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
    const { said, command } = desk(home, folder);
    await command(seal);
    await expect(command(ratify)).rejects.toMatchObject({ code: 'NOT_REHEARSED' });
    const rehearsed = await command(rehearseRelease, { golden: true });
    expect(rehearsed.exit, rehearsed.text).toBe(0);
    expect(await command(rollout)).toMatchObject({ exit: 1, text: expect.stringContaining('BLOCKED') });
    const ratifying = command(ratify);
    expect(await signOn(said, gated, people.ira)).toMatchObject({ ok: false, code: 'author' });
    expect(await signOn(said, gated, people.ana)).toMatchObject({ ok: true, complete: false });
    expect(await command(rollout)).toMatchObject({ exit: 1, text: expect.stringContaining('seats: 1 of 2') });
    expect(await signOn(said, gated, people.ben)).toMatchObject({ ok: true, complete: true });
    expect((await ratifying).data).toMatchObject({ persons: ['ana', 'ben'] });
    const first = await command(rollout);
    expect(first.text).toContain('done    1-rows');
    expect(first).toMatchObject({ exit: 1, text: expect.stringContaining('data-gate') });
    await gated.as('app_owner', (session) => session.query(sql`insert into public.readiness values (1)`));
    expect(await command(rollout)).toMatchObject({ exit: 0, text: 'done    2-table' });
    expect(await command(rollout)).toMatchObject({ exit: 0, text: 'nothing to do' });
    expect(await command(rollback)).toMatchObject({ exit: 0, text: 'done    2-table\ndone    1-rows' });
    expect(await command(rollback)).toMatchObject({ exit: 0, text: 'nothing to do' });
    rmSync(home, { recursive: true });
  });
});
