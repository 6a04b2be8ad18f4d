import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ofKind } from '../../src/evidence/index.ts';
import { type ApiNote, ofMergeRequest, runJob, withGitlabApi } from '../check/gitlab.io.ts';
import { withServedFixture } from './ratified.io.ts';

it('a job of GitLab seals, rehearses, reports and asks people, in one note', { timeout: 600_000 }, () =>
  withServedFixture('', async ({ gated, store, start, home }) => {
    const server = await start();
    const site = { ONEROOF_SITE: `${server.origin}/`, ONEROOF_SITE_TOKEN: server.token };
    const marker = `<!-- oneroof-release ${['.', gated.folder, '-'].map(encodeURIComponent).join(' ')} -->`;
    // of a person, of GitLab itself, of another step of this workflow, and many before ours
    const note = (id: number, author: number, body: string, system = false): ApiNote => ({
      id,
      author: { id: author },
      system,
      body,
    });
    const others = [
      note(1, 41, `${marker}\nby a person`),
      note(2, 40, `${marker}\nby GitLab`, true),
      note(3, 40, `<!-- oneroof-release . another - -->\nof another release`),
      ...Array.from({ length: 100 }, (_, at) => note(10 + at, 41, 'talk')),
    ];
    const notes = [...others];
    const before = ofKind(await store.of(gated.sealed.seal), 'rehearsal').length;
    await withGitlabApi(notes, async ({ env, asked }) => {
      const job = { ...ofMergeRequest, ...env, ONEROOF_RELEASE: gated.folder };
      const done = await runJob('oneroof-release', { checkout: home, env: { ...job, ...site } });
      expect([done.status, done.log]).toEqual([0, expect.stringContaining('people are asked')]);
      const evidence = await store.of(gated.sealed.seal);
      expect(ofKind(evidence, 'rehearsal')).toHaveLength(before + 1);
      expect(ofKind(evidence, 'proposal')).toHaveLength(1);
      const statement = /^ONEROOF_STATEMENT=(.*)$/m.exec(done.outputs ?? '')?.[1] ?? '';
      expect(statement).toContain(`${server.origin}/statements/`);
      expect(await server.page(new URL(statement).pathname)).toContain(gated.sealed.release.name);
      expect(done.outputs).toMatch(/^ONEROOF_RESULT=asked$/m);
      expect([notes.length, notes.at(-1)?.body]).toEqual([others.length + 1, done.markdown]);
      expect(done.markdown).toContain(gated.sealed.seal);
      expect(done.log).not.toContain(server.token);
      expect(done.log).not.toContain('may-comment');
      expect(done.log).not.toMatch(/[^\P{Cc}\n]/u);

      // without a site no one is asked; the note is replaced
      const alone = await runJob('oneroof-release', { checkout: home, env: job });
      expect([alone.status, alone.outputs]).toEqual([0, expect.stringMatching(/^ONEROOF_RESULT=rehearsed\n/)]);
      expect([notes.length, notes.at(-1)?.body]).toEqual([others.length + 1, alone.markdown]);
      expect(asked.filter((one) => !one.startsWith('GET'))).toEqual([
        'POST notes',
        `PUT notes/${1000 + others.length}`,
      ]);
      expect(notes.slice(0, -1)).toEqual(others);

      // a site that refuses is no success, and a token that may not write fails nothing
      const refused = await runJob('oneroof-release', {
        checkout: home,
        env: { ...job, ...site, ONEROOF_SITE_TOKEN: 'x'.repeat(32), ONEROOF_GITLAB_TOKEN: 'may-read' },
      });
      expect([refused.status, refused.outputs]).toEqual([1, expect.stringContaining('ONEROOF_RESULT=failed\n')]);
      expect(refused.log).toContain('no comment was written: the API answered 401');

      // a release that is not there
      const none = await runJob('oneroof-release', { checkout: home, env: { ...job, ONEROOF_RELEASE: 'nothing' } });
      expect([none.status, none.markdown]).toEqual([1, expect.stringContaining('the seal failed')]);
    });
  }),
);

it.each([
  ['a merge request of a fork, run in this project', { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '6' }],
  ['a merge request of a fork, run in the fork', { CI_PROJECT_ID: '6', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '6' }],
  ['a fork that was deleted', { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: undefined }],
  ['a merge request that says not into what', { CI_MERGE_REQUEST_PROJECT_ID: undefined }],
  ['a push for a merge request of a fork', { CI_PIPELINE_SOURCE: 'push', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '6' }],
  ['a pipeline of another one', { CI_PIPELINE_SOURCE: 'parent_pipeline' }],
  ['a pull request of another host', { CI_PIPELINE_SOURCE: 'external_pull_request_event' }],
  ['a pipeline that says nothing', { CI_PIPELINE_SOURCE: undefined }],
  ['a pipeline of no project', { CI_PIPELINE_SOURCE: 'push', CI_PROJECT_ID: undefined }],
])('a job of GitLab for %s runs nothing, says so and fails nothing', async (_, env) => {
  const checkout = mkdtempSync(join(tmpdir(), 'oneroof-gitlab-'));
  try {
    writeFileSync(join(checkout, 'oneroof-release.env'), 'ONEROOF_RESULT=asked\n');
    const done = await runJob('oneroof-release', {
      checkout,
      env: { ...ofMergeRequest, ONEROOF_RELEASE: 'release', ONEROOF_SITE: 'http://localhost:1', ...env },
    });
    expect([done.status, done.outputs]).toEqual([0, expect.stringMatching(/^ONEROOF_RESULT=skipped\n/)]);
    expect(done.markdown).toContain('so nothing is rehearsed');
    expect(done.log).not.toContain('oneroof seal');
  } finally {
    rmSync(checkout, { recursive: true });
  }
});
