import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runJob } from './gitlab.io.ts';
import { runStep } from './runner.io.ts';

const { plainBlock } = (await import(join(import.meta.dirname, '..', '..', 'ci', 'plain-block.mjs'))) as {
  plainBlock: (text: string, most: number) => string;
};

it('a text of others in a comment is cut after it was escaped, and never inside of a character', () => {
  for (const text of ['<', '@&', '/merge\n', '👷&'].map((one) => one.repeat(60_000))) {
    const block = plainBlock(text, 50_000);
    expect(block.length).toBeLessThan(50_200);
    expect(block).toMatch(/^<pre>\n[^]*\n… cut here; the log of the job has all of it\n<\/pre>\n$/);
    expect(block.slice(6, -9)).not.toMatch(/[<>@/]|&(?!(?:amp|lt|gt|#64|#47);)|\p{Cs}/u);
  }
  expect(plainBlock('</pre> & @all\n/merge', 50_000)).toBe(
    '<pre>\n&lt;&#47;pre&gt; &amp; &#64;all\n&#47;merge\n</pre>\n',
  );
});

it('what an earlier run left is not taken for the words of one that breaks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-left-'));
  try {
    writeFileSync(join(folder, 'oneroof-release.md'), 'of an earlier run');
    writeFileSync(join(folder, 'oneroof-release.env'), 'ONEROOF_RESULT=asked\n');
    const job = await runJob('oneroof-release', {
      checkout: folder,
      // no folder of this name: nothing can be run there
      env: { CI_PIPELINE_SOURCE: 'push', CI_PROJECT_ID: '5', ONEROOF_RELEASE: 'x', ONEROOF_DIRECTORY: 'nowhere' },
    });
    expect([job.status, job.markdown, job.outputs]).toEqual([1, null, null]);
    writeFileSync(join(folder, 'oneroof-release.md'), 'of an earlier run');
    const step = await runStep({
      folder,
      repository: folder,
      inputs: { release: 'x', directory: 'nowhere' },
      env: { RUNNER_TEMP: folder, GITHUB_EVENT_NAME: 'push' },
    });
    expect([step.status, step.output, existsSync(join(folder, 'oneroof-release.md'))]).toEqual([1, '', false]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
