// The step of a pipeline for a release: seals, rehearses, reports, and asks people to sign. It needs what oneroof.yaml names; with a token of the
// pipeline it writes a comment.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from './pipeline.mjs';
import { plainBlock } from './plain-block.mjs';
import { putComment } from './put-comment.mjs';

const { CHECK_DIRECTORY: folder = '.', CHECK_RELEASE: release = '', CHECK_TARGET: target = '' } = process.env;
const { ONEROOF_SITE: site = '', ONEROOF_SITE_TOKEN: siteToken = '' } = process.env;
const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.io.js');
const markdown = join(pipeline.folder, 'oneroof-release.md');
/** GitHub takes 65,536 characters in one comment; these are at most two texts of others in it. */
const longest = { report: 50_000, reason: 5000 };
/** Two steps of one workflow may be for two releases, or for two targets. */
const marker = `<!-- oneroof-release ${[folder, release, target || '-'].map(encodeURIComponent).join(' ')} -->`;

/** Runs one command; its words are those of others, so the runner obeys none of them. */
function oneroof(words) {
  // these are for this step alone
  const own = [...pipeline.secrets, 'ONEROOF_SITE_TOKEN'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.includes(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words, '--json'], {
    cwd: folder,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  console.log(`oneroof ${words[0]}: exit ${status}`);
  console.log(pipeline.quoted(`${stderr}${stdout}`, randomBytes(16).toString('hex')));
  const answer = stdout.trim() === '' ? {} : JSON.parse(stdout);
  return {
    status,
    answer,
    problems: (answer.problems ?? []).map(({ code, problem, fix }) => `${code}: ${problem}\n${fix}`),
  };
}

/** Asks the site to ask people. Its token lets this step read there and ask, and opens nothing. */
async function askPeople(seal, of) {
  const path = `/releases/${encodeURIComponent(seal)}/targets/${encodeURIComponent(of)}/propose`;
  const { origin } = new URL(site);
  try {
    const answer = await fetch(`${origin}${path}`, {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Bearer ${siteToken}`, origin, 'content-type': 'application/json' },
      body: JSON.stringify({ hours: '' }),
    });
    const { ok, text, problem, to } = await answer.json().catch(() => ({}));
    return ok === true ? { url: `${origin}${to}` } : { why: text ?? problem ?? `the site answered ${answer.status}` };
  } catch (error) {
    return { why: `the site cannot be reached: ${error.message}` };
  }
}

/** Ends the step: the same words in the log, in the summary of the job, and in the comment. */
async function end({ result, title, parts }) {
  const text = [marker, `### ${title}`, '', ...parts, ''].join('\n');
  writeFileSync(markdown, text);
  pipeline.summarise(text);
  pipeline.setOutput('result', result);
  pipeline.setOutput('markdown', markdown);
  console.log(title);
  process.exitCode = result === 'failed' ? 1 : 0;
  await putComment(text);
}

async function run() {
  const foreign = pipeline.foreignBy();
  if (foreign !== null) {
    const title = `oneroof release skipped: this is ${foreign}, which gets no secret, so nothing is rehearsed`;
    return end({
      result: 'skipped',
      title,
      parts: ['A person with rights in this repository pushes the branch here to rehearse it.'],
    });
  }
  const failed = (what, { problems, answer }) =>
    end({
      result: 'failed',
      title: `⛔ oneroof release: ${what} failed`,
      parts: [
        plainBlock(
          problems.join('\n\n') || JSON.stringify(answer.rehearsal?.problems ?? answer, null, 1),
          longest.report,
        ),
      ],
    });
  const sealed = oneroof(['seal', release]);
  if (sealed.status !== 0) return failed('the seal', sealed);
  const rehearsed = oneroof(['rehearse', release]);
  if (rehearsed.status !== 0) return failed('the rehearsal', rehearsed);
  const report = oneroof(['report', release, ...(target === '' ? [] : ['--target', target])]);
  const [first] = report.answer.reports ?? [];
  if (first === undefined) return failed('the report', report);
  const { seal } = sealed.answer;
  const lines = report.answer.reports.flatMap((one) => [
    `${one.target}: readiness ${one.readiness.status}, execution ${one.execution.status}`,
    ...[...new Set([...one.readiness.reasons, ...one.execution.reasons])].map((reason) => `  ${reason}`),
  ]);
  const parts = [
    `Sealed \`${seal}\`, rehearsed forward, back and forward again.`,
    '',
    plainBlock(lines.join('\n'), longest.report),
  ];
  if (site === '')
    return end({
      result: 'rehearsed',
      title: '✅ oneroof release rehearsed',
      parts: [...parts, 'No site was named, so no one was asked. An operator asks with `oneroof ratify`.'],
    });
  const asked = await askPeople(seal, first.target);
  if ('why' in asked)
    return end({
      result: 'failed',
      title: '⛔ oneroof release rehearsed, and people could not be asked',
      parts: [...parts, plainBlock(asked.why, longest.reason)],
    });
  pipeline.setOutput('statement', asked.url);
  return end({
    result: 'asked',
    title: '✅ oneroof release rehearsed, and people are asked',
    parts: [...parts, `They judge and sign here: ${asked.url}`],
  });
}

// what an earlier run left would be taken for this one's, if this one broke
rmSync(markdown, { force: true });
pipeline.clear();
await run();
