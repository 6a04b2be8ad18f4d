import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readBundle, verifyBundle } from '../../src/bundle/index.ts';
import { type SshKey } from '../../src/evidence/index.ts';
import { policyDigest, readPolicyAndRegistry, registryDigest } from '../../src/people/index.ts';
import { exampleFolder } from '../../src/demo/index.ts';
import { type Expectation, readRelease } from '../../src/release/index.ts';
import { type DemoRun, runDemo } from './run.io.ts';

/** Where the time that something took begins. */
const timeColumn = 94;

/** The lines of a chapter, each without its indent and its time; a line that was broken is put together again. */
function chapter(told: string, title: string): readonly string[] {
  const all = told.split('\n').map((line) => line.slice(0, timeColumn).trimEnd());
  const at = all.includes(title) ? all.indexOf(title) : all.findIndex((line) => line.startsWith(title));
  const lines = at < 0 ? [] : all.slice(at + 1);
  const end = lines.findIndex((line) => line !== '' && !line.startsWith(' '));
  const facts: string[] = [];
  for (const line of lines.slice(0, end < 0 ? undefined : end).filter((one) => one !== '')) {
    if (/^ {3}/.test(line)) facts.push(`${facts.pop() ?? ''} ${line.trim()}`);
    else facts.push(line.trim());
  }
  return facts.map((fact) => fact.replaceAll(/ +/g, ' '));
}

/** Numbers as the demo tells them: `own=35 system_issues=204,556`. */
function told(line: string | undefined): Readonly<Record<string, number>> {
  const found = [...(line ?? '').matchAll(/(\w+)=([\d,]+)/g)];
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]));
}

function declared(invariants: Readonly<Record<string, Expectation>>): Readonly<Record<string, number | undefined>> {
  return Object.fromEntries(Object.entries(invariants).map(([name, { equals }]) => [name, equals]));
}

describe('the demo with nobody at a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  let killed: DemoRun;
  let run: DemoRun;
  beforeAll(async () => {
    killed = await interrupted(folder, { signal: 'SIGKILL', at: 'golden  ' });
    run = await runDemo({ folder });
  }, 360_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, 'oneroof-demo', name);

  it('leaves no server and no temporary file when it is killed, and runs again in the same folder', () => {
    expect(killed.left).toEqual([]);
    expect(killed.alive).toEqual([]);
    expect(run.status).toBe(0);
  });

  it('says that keys of software ratify, ends well, and leaves nothing but its folder', () => {
    expect(run.told).toContain('There is no terminal, so no one is asked (--auto)');
    expect(run.told).toContain('NOT FOR PRODUCTION');
    expect(run.told).toMatch(/\nDone in [\d. a-z]+\.\n$/);
    expect(run.left).toEqual([]);
    expect(run.alive).toEqual([]);
    expect(existsSync(file('oneroof.yaml'))).toBe(false);
  });

  it('is closed by the data gate and by the missing ratification, before anything is rolled out', () => {
    const gate = chapter(run.told, 'Gate, in production, read-only');
    expect(gate[0]).toMatch(/^BLOCKED ospa = 0, needs ≥ 1/);
    expect(gate).toContain('rollout HELD: no ratification of this seal was handed in');
    expect(run.told).toMatch(/option\s+3-shadow collides/);
  });

  it.each<[who: string, what: string, how: string]>([
    ['observer', 'delete the issues, read-only switched off', 'permission denied for table system_issues (42501)'],
    ['observer', 'read all passwords', 'permission denied for table pg_authid (42501)'],
    ['executor', 'begin without a ratification', 'gate: unknown: there is no such ratification (OR001)'],
    ['executor', 'run SQL of its own', 'must be owner of table system_issues (42501)'],
    ['executor', 'become the application', 'permission denied to set role "directus" (42501)'],
    ['executor', 'write a signature', 'permission denied for table signatures (42501)'],
    ['evidence', 'file a statement of another release', 'subject: it says sha256:'],
    ['evidence', 'hide a statement of the SQL in the dossier', 'dossier: line '],
    ['relay', "sign with the agent's software key", 'gate: credential: no person of the registry has this passkey'],
    ['relay', 'sign with a passkey of its own', 'gate: credential: no person of the registry has this passkey'],
    ['relay', 'forge a signature under a known passkey', 'gate: signature: the signature does not count (OR001)'],
    ['relay', 'enrol itself as a person', 'gate: quorum: it is not signed by a quorum (OR001)'],
    ['relay', 'run a step', 'permission denied for function run_step (42501)'],
    ['directus', 'change a function of the gate', 'gate: guard: no one may change the gate from outside (OR001)'],
    ['directus', 'replace the policy', 'permission denied for table documents (42501)'],
    ['directus', 'let the executor in', 'permission denied to grant role "directus" (42501)'],
    ['executor', 'run other SQL as step 1', 'gate: step: these are not the bytes that were ratified (OR001)'],
    ['executor', 'add one character to step 1', 'gate: step: these are not the bytes that were ratified (OR001)'],
    ['executor', 'run step 2 before step 1', 'gate: order: this is not the next step (OR001)'],
    [
      'executor',
      'roll out with the answer to a hold point',
      'gate: purpose: this ratification opens no rollout of its own (OR001)',
    ],
    ['executor', 'commit half a tier', 'gate: order: the tier was not left before COMMIT (OR001)'],
  ])('tells how the database refuses that %s would %s', (who, what, how) => {
    const attempts = words(run.told, [
      'Every credential that an agent can hold, and what it cannot do',
      'With a ratification, and a stolen executor',
    ]);
    const found = attempts.filter((attempt) => attempt.who === who && attempt.what === what);
    expect(found).toHaveLength(1);
    expect(found[0]?.answer).toMatch(/^refused: /);
    expect(found[0]?.answer).toContain(how);
  });

  it('is held while a seat is empty, and while the data gate is closed', () => {
    const people = chapter(run.told, 'People ratify');
    expect(people[0]).toContain('missing: seats: 1 of 2 seats are filled');
    expect(people[1]).toBe('rollout HELD: seats: 1 of 2 seats are filled');
    expect(people[2]).toContain('Signed by Ben; nothing is missing');
    const held = chapter(run.told, 'The button, while the data gate is closed');
    expect(held).toHaveLength(2);
    expect(held[0]).toMatch(/^rollout 1-structure, committed/);
    expect(held[1]).toBe('rollout HELD: data-gate: ospa = 0, needs >= 1');
  });

  it('takes a review after the seal, shows it in the report, and asks no fewer people', () => {
    const [first = '', second = ''] = chapter(run.told, 'A review by another agent, after the seal');
    expect(first).toMatch(/^gpt comments, signed with its own key/);
    expect(second).toMatch(/^unchanged the seal; the review fills no seat/);
    expect(chapter(run.told, 'Report: GO')).toContain('review gpt comments: advice');
    expect(readFileSync(file('report/report.md'), 'utf8')).toMatch(/- gpt \\\(SHA256:.*: comments: Played by the demo/);
  });

  it('goes greenfield, finalized, greenfield, finalized in production, to the digit of release.yaml', async () => {
    const { invariants, tiers } = await readRelease(exampleFolder());
    const open = tiers.filter(({ barred }) => barred === null).map(({ id }): string => id);
    const committed = (title: string): readonly (string | undefined)[] =>
      chapter(run.told, title)
        .filter((line) => line.includes(', committed'))
        .map((line) => line.split(' ')[1]?.replace(',', ''));
    const numbersOf = (title: string, name: string) =>
      told(chapter(run.told, title).find((line) => line.startsWith(`${name} `)));

    const before = numbersOf('Gate, in production, read-only', 'measured');
    expect(before).toEqual(declared(invariants.greenfield));
    const business = chapter(run.told, 'The business approves');
    expect(business.find((line) => line.startsWith('OPEN '))).toContain('every data gate is met');

    const forward = 'Rollout, greenfield to finalized, in production';
    expect(committed(forward)).toEqual(open.slice(1));
    expect(chapter(run.told, forward).join('\n')).toContain('again: nothing to do');
    expect(numbersOf(forward, 'finalized')).toEqual({ ...declared(invariants.finalized), ospa: 1 });

    const back = 'Rollback, finalized to greenfield, in production';
    expect(committed(back)).toEqual(open.toReversed());
    expect(numbersOf(back, 'greenfield')).toEqual({ ...before, ospa: 1 });
    const proven = chapter(run.told, back);
    expect(proven.find((line) => line.startsWith('schema '))).toContain(
      'its digest equals the digest before the release',
    );
    expect(proven.find((line) => line.startsWith('proven '))).toMatch(
      /2,\d{3} objects and 206,\d{3} rows of 96 relations compared: equal, except the approval itself/,
    );

    const again = 'Another rollout needs another ratification';
    expect(chapter(run.told, again)[0]).toMatch(/^rollout HELD: order: the rollback has begun/);
    expect(committed(again)).toEqual(open);
    expect(numbersOf(again, 'finalized')).toEqual({ ...declared(invariants.finalized), ospa: 1 });
  });

  it('reports NO-GO, then GO once people and the business have opened the gate, then DONE', () => {
    expect(chapter(run.told, 'Report')).toEqual(
      expect.arrayContaining([
        'CLOSED Human ratification gate',
        'NO-GO EXECUTION on production, single blocker: ospa = 0, needs ≥ 1',
      ]),
    );
    const go = chapter(run.told, 'Report: GO');
    expect(go[0]).toMatch(/^OPEN Human ratification gate: Ratified for production by Ana .*Ben .*every seat is filled/);
    expect(go.slice(2)).toEqual([
      'review gpt comments: advice',
      'GO RELEASE READINESS for production',
      'GO EXECUTION on production',
    ]);
    const active = chapter(run.told, 'Report: active');
    expect(active[1]).toMatch(/^DONE Production activation .*: Active on production: 1-structure, .*6-finalize/);
    expect(active.at(-1)).toMatch(
      /^DONE EXECUTION on production, every tier that may run is rolled out on production \(1-structure, /,
    );
  });

  it('writes a report of every component, and evidence that holds offline and in no changed byte', () => {
    const report = readFileSync(file('report/report.md'), 'utf8');
    for (const row of [
      'Production rollout executor',
      'Rollback executor',
      'Verification suite',
      'Gate monitor',
      'Option 3 inert shadow',
      'Clone harness',
      'Human ratification gate',
      'Production activation',
    ]) {
      expect(report).toContain(`| ${row}`);
    }
    expect(report).toContain('tiers 2–6');
    expect(report).toContain('issues=204,556');
    const evidence = chapter(run.told, 'Evidence, for a reader who trusts no one');
    const refusals = evidence.filter((line) => line.startsWith('refused '));
    expect(refusals).toHaveLength(2);
    expect(refusals[0]).toMatch(/one changed digit in a copy.*\(BUNDLE_DIGEST\)$/);
    expect(refusals[1]).toMatch(/a registry of another host.*\(BUNDLE_RULES\)$/);
    const { policy, registry } = readPolicyAndRegistry({
      policy: file('policy.yaml'),
      registry: file('registry.json'),
    });
    const { problems, told: story } = verifyBundle(readBundle(readFileSync(file('evidence.json'))), {
      keys: readFileSync(file('agents.pub'), 'utf8').trim().split('\n') as SshKey[],
      policy: policyDigest(policy),
      registry: registryDigest(registry),
    });
    expect(problems).toEqual([]);
    const ratified = story.said.filter(({ kind, seats }) => kind === 'ratification' && seats?.open === null);
    expect(ratified.map(({ signed }) => signed.map(({ id }) => id))).toEqual([
      ['ana', 'ben'],
      ['ana', 'ben'],
    ]);
    const applied = story.done.filter(({ outcome }) => outcome === 'applied');
    expect(applied.map(({ direction }) => direction)).toEqual([
      ...Array(6).fill('up'),
      ...Array(6).fill('down'),
      ...Array(6).fill('up'),
    ]);
    // the data gate held it the first time
    expect(story.done.filter((one) => !applied.includes(one))).toMatchObject([
      { direction: 'up', tier: '2-owners', outcome: 'not-applied' },
    ]);
    expect(evidence.join('\n')).toContain(
      'covered 18 tiers rolled out or back, each with an open ratification; the gate refused 1',
    );
    // two rollouts, and the answer to a hold point that a stolen executor had no use for
    expect(evidence.filter((line) => line.startsWith('ratified '))).toHaveLength(3);
  });

  it('touches no folder that is not its own', async () => {
    const other = mkdtempSync(join(tmpdir(), 'd-'));
    mkdirSync(join(other, 'oneroof-demo'));
    writeFileSync(join(other, 'oneroof-demo', 'mine'), 'mine');
    const refused = await runDemo({ folder: other, words: ['--auto'] });
    expect(refused.status).not.toBe(0);
    expect(refused.told).toContain('ALREADY_EXISTS');
    expect(readFileSync(join(other, 'oneroof-demo', 'mine'), 'utf8')).toBe('mine');
    rmSync(other, { recursive: true });
  });
});

/** What was tried, by its columns: who in 14, what in 40, then the answer. */
function words(story: string, titles: readonly string[]) {
  const tried: { who: string; what: string; answer: string }[] = [];
  for (const title of titles) {
    const lines = (story.split(`\n${title}\n`)[1] ?? '').split('\n\n')[0]?.split('\n') ?? [];
    for (const line of lines) {
      const [who, what, answer] = [line.slice(2, 16), line.slice(16, 56), line.slice(56)].map((part) => part.trim());
      const last = tried.at(-1);
      if (who !== '' || last === undefined) tried.push({ who: who ?? '', what: what ?? '', answer: answer ?? '' });
      else Object.assign(last, { what: `${last.what} ${what}`.trim(), answer: `${last.answer} ${answer}`.trim() });
    }
  }
  return tried;
}

test('the demo that is interrupted on its page leaves no server, no page and no temporary file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  const run = await interrupted(folder, { signal: 'SIGINT', at: 'ana  ' });
  expect(run.told).toContain('Stopping');
  expect(run.left).toEqual([]);
  expect(run.alive).toEqual([]);
  expect(existsSync(join(folder, 'oneroof-demo'))).toBe(true);
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

/** Runs the demo until it tells something, and sends it a signal then. */
async function interrupted(
  folder: string,
  by: { readonly signal: NodeJS.Signals; readonly at: string },
): Promise<DemoRun> {
  let sent = false;
  const run = await runDemo({
    folder,
    words: ['--auto'],
    watch: (story, child) => {
      if (sent || !story.includes(by.at)) return;
      sent = true;
      child.signal(by.signal);
    },
  });
  expect(sent).toBe(true);
  expect(run.told).not.toContain('Done in');
  expect(run.status).not.toBe(0);
  return run;
}
