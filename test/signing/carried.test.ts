import { expect, it } from 'vitest';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { run as rollback } from '../../src/cli/commands/rollback.io.ts';
import { run as rollout } from '../../src/cli/commands/rollout.io.ts';
import { sql } from '../../src/database/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { withSession } from '../database.io.ts';
import { assertion, release } from '../gate/cycle.io.ts';
import { attemptOn, clocked, later, revocationOf } from '../gate/purpose.io.ts';
import { withServedFixture } from '../site/ratified.io.ts';
import { signOn } from './desk.io.ts';

const stepwise = {
  ...release,
  'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
  'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
};

it(
  'a release that is half way within a tier, whose time is over, is rolled back by the same command once people carry it on',
  () =>
    withServedFixture(
      '',
      async ({ gated, command, said, start }) => {
        const { ana, ben } = gated.people;
        const ratified = command(ratify, { hours: '1' });
        for (const one of [ana, ben]) expect(await signOn(said, gated, one)).toMatchObject({ ok: true });
        const { statement } = (await ratified).data as { readonly statement: string };
        await attemptOn(gated, { statement }, async (attempt) => {
          await attempt.begin();
          await attempt.enter();
          await attempt.step(1);
          await attempt.commit();
        });
        // who closed the way forward, and why, is said by the command and on the page
        const body = revocationOf(statement);
        const { origin, rpId } = gated.policy;
        await gated.as('oneroof_relay', (relay) =>
          submitSignature(relay, body, assertion(ben, body, { origin, rpId })),
        );
        expect(await command(rollout)).toMatchObject({
          exit: 1,
          text: expect.stringContaining('revoked: ben revoked it: wrong owners') as string,
        });
        const server = await start();
        const page = await server.page(`/statements/${encodeURIComponent(statement)}`);
        expect(page).toContain('ben revoked it: wrong owners');
        await later(gated.database, '10 hours');
        expect(await command(rollback)).toMatchObject({
          exit: 1,
          text: expect.stringContaining('expired') as string,
        });
        await server.kill();
        said.length = 0;
        const carrying = command(ratify, { rollback: true, hours: '20' });
        for (const one of [ana, ben]) expect(await signOn(said, gated, one)).toMatchObject({ ok: true });
        expect(await carrying).toMatchObject({ exit: 0 });
        expect(await command(rollback)).toMatchObject({
          exit: 0,
          text: expect.stringMatching(/^done +1-rows /) as string,
        });
        const rows = await withSession(gated.database, (session) =>
          session.query<{ i: string }>(sql`select i::text as i from public.t`),
        );
        expect(rows).toEqual([{ i: '1' }]);
        expect(await command(rollback)).toMatchObject({ exit: 0, text: 'nothing to do' });
      },
      clocked({ files: stepwise }),
    ),
  240_000,
);
