import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ofKind } from '../../src/evidence/index.ts';
import { type ApiComment, runStep, withApi } from '../check/runner.io.ts';
import { type ServedFixture, withServedFixture } from './ratified.io.ts';

const pull = (name: string | null): object => ({
  pull_request: { number: 7, head: { repo: name === null ? null : { full_name: name } } },
});

/** Runs the step of the action for the release of a fixture. */
function step({ home, gated }: ServedFixture, more: Omit<Parameters<typeof runStep>[0], 'folder' | 'repository'>) {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-pipeline-'));
  const inputs = { directory: home, release: gated.folder, ...more.inputs };
  return runStep({ folder, repository: home, ...more, inputs }).finally(() => rmSync(folder, { recursive: true }));
}

it('a pipeline seals, rehearses, reports and asks people, in one comment', { timeout: 600_000 }, () =>
  withServedFixture('', async (ground) => {
    const { gated, store, start } = ground;
    const server = await start();
    const site = { ONEROOF_SITE: `${server.origin}/`, ONEROOF_SITE_TOKEN: server.token };
    const event = pull('ours/shop');
    const comments: ApiComment[] = [];
    await withApi(comments, async ({ env, asked }) => {
      const before = ofKind(await store.of(gated.sealed.seal), 'rehearsal').length;
      const done = await step(ground, { event, env: { ...env, ...site } });
      expect([done.status, done.log]).toEqual([0, expect.stringContaining('people are asked')]);
      const evidence = await store.of(gated.sealed.seal);
      expect(ofKind(evidence, 'rehearsal')).toHaveLength(before + 1);
      expect(ofKind(evidence, 'proposal')).toHaveLength(1);
      const statement = /^statement=(.*)$/m.exec(done.output)?.[1] ?? '';
      expect(statement).toContain(`${server.origin}/statements/`);
      expect(await server.page(new URL(statement).pathname)).toContain(gated.sealed.release.name);
      expect([comments.map(({ body }) => body), done.output]).toEqual([
        [done.summary],
        expect.stringContaining('result=asked\n'),
      ]);
      expect(done.summary).toContain(gated.sealed.seal);
      expect(done.log).not.toContain(server.token);
      expect(done.log).not.toContain('may-comment');

      // without a site no one is asked; the comment is replaced
      const alone = await step(ground, { event, env });
      expect([alone.status, alone.output]).toEqual([0, expect.stringContaining('result=rehearsed\n')]);
      expect([comments.length, comments[0]?.body]).toEqual([1, alone.summary]);
      expect(asked.filter((one) => !one.startsWith('GET'))).toEqual(['POST 7/comments', 'PATCH comments/1000']);

      // a site that refuses is no success
      const refused = await step(ground, { event, env: { ...site, ONEROOF_SITE_TOKEN: 'x'.repeat(32) } });
      expect([refused.status, refused.output]).toEqual([1, expect.stringContaining('result=failed\n')]);

      // a release that is not there
      const none = await step(ground, { event, inputs: { release: 'nothing' } });
      expect([none.status, none.summary]).toEqual([1, expect.stringContaining('the seal failed')]);
    });
  }),
);

it.each([
  ['a fork', pull('theirs/shop')],
  ['a fork that was deleted', pull(null)],
  ['a run for a fork', { workflow_run: { head_repository: { full_name: 'theirs/shop' } } }],
  ['a comment on a pull request', { issue: { pull_request: {} } }, 'issue_comment'],
  ['an event that does not say whose code it is', { client_payload: {} }, 'repository_dispatch'],
])('a pipeline for %s runs nothing, says so and fails nothing', async (_, event, named = 'pull_request') => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-pipeline-'));
  try {
    const inputs = { release: 'release' };
    const done = await runStep({
      folder,
      repository: folder,
      event,
      inputs,
      env: { ONEROOF_SITE: 'http://localhost:1', GITHUB_EVENT_NAME: named },
    });
    expect([done.status, done.output]).toEqual([0, expect.stringContaining('result=skipped\n')]);
    expect(done.summary).toContain('so nothing is rehearsed');
    expect(done.log).not.toContain('oneroof seal');
    expect(existsSync(join(folder, 'release'))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
