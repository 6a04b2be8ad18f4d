import { expect, it } from 'vitest';
import { openStore } from '../../src/store.io.ts';
import { submitRelease, submitSignature } from '../../src/gate/index.ts';
import { assertion } from '../gate/cycle.io.ts';
import { withStage } from './live.io.ts';

it(
  'asks the targets, before it hands out a bundle, for what people signed elsewhere, and records it once',
  { timeout: 60_000 },
  () =>
    withStage(async ({ gated, setup, origin, token, start }) => {
      expect((await start('seal').ended).code).toBe(0);
      // signed in the target, and nobody on this side was told
      const body = await gated.ratification();
      await gated.as('oneroof_relay', async (session) => {
        await submitRelease(session, gated.sealed);
        for (const by of [gated.people.ana, gated.people.ben])
          await submitSignature(session, body, assertion(by, body, gated.policy));
      });
      const kinds = async (): Promise<readonly string[]> =>
        (await openStore(setup).entries()).map(({ kind }) => kind).filter((kind) => kind === 'ratification');
      expect(await kinds()).toEqual([]);
      const address = `${origin}/releases/${encodeURIComponent(gated.sealed.seal)}/bundle`;
      const get = () => fetch(address, { headers: { authorization: `Bearer ${token}` } });
      // two at once ask once; the target that answers to nobody (`elsewhere`) keeps no bundle back
      const answers = await Promise.all([get(), get()]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await kinds()).toEqual(['ratification']);
      const { entries } = (await (await get()).json()) as { readonly entries: readonly unknown[] };
      expect(entries).toHaveLength(2);
      expect(await kinds()).toHaveLength(1);
    }),
);
