import { expect, it } from 'vitest';
import { runSql } from '../database.io.ts';
import { release } from '../gate/cycle.io.ts';
import { withStage } from './live.io.ts';

const files = {
  ...release,
  'release.yaml': `${release['release.yaml']}after:\n  rollout: [{ title: Clear <the> cache, run: POST /clear }]\n`,
};

it(
  'asks on the page of the target for what is left by hand, until a visitor says that it is done',
  { timeout: 240_000 },
  () =>
    withStage(
      async ({ gated, origin, token, start }) => {
        const there = `${origin}/releases/${gated.sealed.seal}/targets/production`;
        const headers = { authorization: `Bearer ${token}`, origin, 'content-type': 'application/json' };
        const page = async (): Promise<string> => await (await fetch(there, { headers })).text();
        const post = async (body: object): Promise<unknown> =>
          await (await fetch(`${there}/after`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
        expect((await start('seal').ended).code).toBe(0);
        const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        const said = { statement, direction: 'up', step: '0', done: 'on' };
        expect(await page()).not.toContain('cache');
        expect(await post(said)).toMatchObject({ ok: false, code: 'outdated' });
        await runSql(gated.database, ['insert into readiness values (1)']);
        const rolled = await start('rollout').ended;
        expect(rolled.code, rolled.told).toBe(0);
        // the site keeps what it has read of a target for some seconds
        await expect.poll(page, { timeout: 30_000 }).toContain('not done yet: 1');
        expect(await page()).toContain('1. Clear &#60;the&#62; cache');
        // the box has to be ticked, and the step to be of this cycle
        expect(await post({ ...said, done: undefined })).toMatchObject({ ok: false, code: 'box' });
        for (const wrong of [{ step: '1' }, { direction: 'down' }, { statement: `sha256:${'0'.repeat(64)}` }])
          expect(await post({ ...said, ...wrong })).toMatchObject({ ok: false, code: 'outdated' });
        expect(await page()).toContain('not done yet: 1');
        for (let times = 0; times < 2; times += 1) expect(await post(said)).toMatchObject({ ok: true });
        expect(await page()).toMatch(/acknowledged <time datetime="20/);
        expect(await page()).not.toContain('not done yet');
      },
      { files },
    ),
);
