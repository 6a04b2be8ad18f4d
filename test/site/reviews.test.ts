import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { registryDocument, rights } from '../../src/people/index.ts';
import { proposalsOf } from '../../src/proposal/index.ts';
import { signOn } from '../signing/desk.io.ts';
import { withServedFixture } from './ratified.io.ts';

it(
  'shows people only reviews by the registry in force, and late ones beside what they sign',
  { timeout: 300_000 },
  () =>
    withServedFixture('', async (ground) => {
      const { gated, home, store, command } = ground;
      const { seal, release } = gated.sealed;
      const review = (finding: string, text: string) => ({
        kind: 'review' as const,
        seal,
        body: { version: 1, release: release.name, seal, finding, text },
      });
      const reviewer = openFolderStore(join(home, 'evidence'), { keyFile: join(home, 'gpt') });
      // the right is forged in the registry of the working copy: the gate knows no such key
      const software = [
        { id: 'gpt', key: await reviewer.ownKey(), may: ['review'] as const },
        { id: 'machine', key: await store.ownKey(), may: rights },
      ];
      writeFileSync(join(home, 'registry.json'), registryDocument({ ...gated.registry, software }));
      await reviewer.append(review('agrees', 'FORGED: all is well'), now());
      await store.append(review('comments', 'said before'), now());
      const server = await ground.start();
      const target = `/releases/${encodeURIComponent(seal)}/targets/production`;
      const answer = await server.ask(`${target}/propose`, { hours: '1' });
      expect(answer).toMatchObject({ ok: true });
      const proposal = proposalsOf(await store.of(seal)).at(-1);
      expect(proposal?.dossier.dossier.reviews).toMatchObject([{ finding: 'comments', from: 'its author' }]);
      expect(proposal?.dossier.text).toContain('said before');
      expect(proposal?.dossier.text).not.toContain('FORGED');

      await reviewer.append(review('objects', 'FORGED: late'), now());
      await store.append(review('objects', 'said after'), now());
      const page = await server.page(String(answer['to']));
      expect(page).toContain('said before');
      expect(page).toContain('Recorded after this dossier was written');
      expect(page).toContain('said after');
      expect(page).not.toContain('FORGED');
      // it closes nothing: the proposal holds, and people can sign what they were shown
      expect(page).toContain('Ratify with my passkey');
      await server.kill();
      const { said } = ground;
      said.length = 0;
      const ratifying = command(ratify);
      expect(await signOn(said, gated, gated.people.ana)).toMatchObject({ ok: true, complete: false });
      // the command line takes up the same proposal, and shows the same beside it
      const url = /open (\S+) /.exec(said.findLast((line) => line.startsWith('open http')) ?? '')?.[1] ?? '';
      const other = await (await fetch(url)).text();
      expect(other).toContain('said after');
      expect(other).not.toContain('FORGED');
      ground.interrupt();
      await expect(ratifying).rejects.toMatchObject({ code: 'INTERRUPTED' });
    }),
);
