import { join } from 'node:path';
import { expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { requireNotBehind } from '../../src/pipeline.io.ts';
import { executionBody, rehearsalBody } from '../evidence-kinds/bodies.ts';
import { withSite } from './site.io.ts';

it('shows what an unknown key recorded as not counted, on every page, and rests nothing on it', () =>
  withSite({}, async (site) => {
    const { seal } = site.sealed;
    const stranger = openFolderStore(join(site.folder, '.oneroof', 'evidence'), {
      keyFile: join(site.folder, 'stranger'),
    });
    const body = rehearsalBody({ release: 'one-roof', seal, startedAt: now(), endedAt: now(), stages: [] });
    const planted = await stranger.append({ kind: 'rehearsal', seal, body }, now());
    const page = async (path: string): Promise<string> => await (await site.get(path)).text();
    const release = encodeURIComponent(seal);
    for (const path of ['/evidence', `/evidence/${encodeURIComponent(planted.digest)}`, `/releases/${release}/report`])
      expect(await page(path), path).toContain('not counted: key unknown');
    expect(await page(`/releases/${release}`)).toMatch(/not counted[\s\S]*key unknown/);
    const unproven = 'no rehearsal evidence';
    expect(await page(`/releases/${release}`)).toContain(unproven);
    // the control: the same by the key of this machine
    await site.store.append({ kind: 'rehearsal', seal, body }, now());
    await expect.poll(() => page(`/releases/${release}`), { timeout: 20_000 }).not.toContain(unproven);
  }));

it('lets no rollout stop for a step that an unknown key made up, and stops for one of this machine', () =>
  withSite({}, async ({ folder, sealed, store }) => {
    const { seal } = sealed;
    const body = executionBody({ seal, release: 'one-roof', phase: 'applied', at: now(), reason: null });
    const at = {
      target: 'production',
      statement: String(body.statement),
      progress: { markers: [], steps: [] },
    };
    const stranger = openFolderStore(join(folder, '.oneroof', 'evidence'), { keyFile: join(folder, 'stranger') });
    await stranger.append({ kind: 'execution', seal, body }, now());
    await requireNotBehind({ sealed, store }, at);
    await store.append({ kind: 'execution', seal, body }, now());
    await expect(requireNotBehind({ sealed, store }, at)).rejects.toMatchObject({ code: 'TARGET_BEHIND' });
  }));
