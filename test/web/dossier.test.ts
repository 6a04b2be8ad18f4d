import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { sealRelease } from '../../src/release/index.ts';
import { notForProduction, writeDossier } from '../../src/web/index.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'one-roof');

it('writes every statement of a release into the dossier, and shows what is invisible', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'oneroof-web-')), 'release');
  cpSync(example, folder, { recursive: true });
  const sealed = await sealRelease(folder);
  const rehearsal = {
    outcome: 'failed',
    endedAt: now(),
    serverVersion: 180_000,
    proof: null,
    idempotent: null,
    repeatable: null,
    stages: [],
    problems: [{ code: 'INTERNAL', problem: 'evil \u202e\nSTATEMENTS', fix: '' }],
  } as const;
  const text = writeDossier({ sealed, rehearsal, target: 'trial', production: false });
  const steps = sealed.release.tiers.flatMap(({ up, down }) => [...up, ...down]);
  expect(steps.filter(({ digest }) => !text.includes(digest))).toEqual([]);
  expect(steps.length).toBeGreaterThan(0);
  expect(text.startsWith(notForProduction)).toBe(true);
  expect(text).toContain('INTERNAL: evil \\u{202e}\\nSTATEMENTS');
  expect(text).toContain('not proven: the rehearsal did not come so far');
});
