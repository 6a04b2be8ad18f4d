import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { policyDocument, type Registry, registryDocument } from '../../src/people/index.ts';
import { gateBody, rehearsalBody } from '../evidence-kinds/bodies.ts';
import { policyOf, policyYaml } from '../gate/people.ts';
import { registryOf, rehearsalOf, rulesOf, unrehearsed, withPlace } from './place.io.ts';

const leftOut = ({ uncounted }: { readonly uncounted: readonly { readonly kind: string; readonly index: number }[] }) =>
  uncounted.filter(({ kind }) => kind === 'rehearsal').map(({ index }) => index);

it('a line that names the bytes of the rules with another length gives a removed key nothing back', () =>
  withPlace(async ({ seal, own, append, keyOf, plant, report, write, folder }) => {
    const machine = { id: 'machine', key: own };
    const first = registryOf([machine, { id: 'ci', key: await keyOf('ci') }]);
    write('registry.json', registryDocument(first));
    await append('rules', {
      version: 1,
      target: 'production',
      rules: rulesOf([first, registryOf([machine], first)]),
    });
    const removed = await append('rehearsal', rehearsalOf(seal), 'ci');
    const [told] = (await openFolderStore(join(folder, '.oneroof', 'evidence')).entries()).filter(
      ({ kind }) => kind === 'rules',
    );
    if (told === undefined) throw new Error('no rules were recorded');
    await plant({ ...told, size: 1 }, 'stranger');
    expect(leftOut(report())).toEqual([removed]);
  }));

it('the true first registry beside an attacker’s own policy changes neither whose rehearsals count nor what comes after', () =>
  withPlace(async ({ seal, own, append, keyOf, report, write, run }) => {
    const machine = { id: 'machine', key: own };
    const first = registryOf([machine, { id: 'ci', key: await keyOf('ci') }]);
    write('registry.json', registryDocument(first));
    write('policy.yaml', policyYaml.replace('maxAge: 3d }', 'maxAge: 3d, by: [machine] }'));
    const bound = await append('rehearsal', rehearsalOf(seal), 'ci');
    const mine = {
      policy: policyDocument(policyOf(policyYaml.replace('3d', '9d'))),
      registry: registryDocument(first),
    };
    await append('rules', { version: 1, target: 'production', rules: { first: mine, links: [] } }, 'stranger');
    expect(leftOut(report())).toEqual([bound]);
    write('policy.yaml', policyYaml);
    await append('rules', {
      version: 1,
      target: 'production',
      rules: rulesOf([first, registryOf([machine], first)]),
    });
    const removed = await append('rehearsal', rehearsalOf(seal), 'ci');
    expect(leftOut(report())).toEqual([removed]);
    run('bundle', 'release', '--offline', '--out', 'b.json');
    const verified = run('verify-evidence', 'b.json', '--registry', 'registry.json', '--json');
    expect(verified.stderr).toBe('');
    expect(leftOut(JSON.parse(verified.stdout) as Parameters<typeof leftOut>[0])).toEqual([removed]);
  }));

it('a line of a stranger whose bytes are missing, or are not JSON, spoils no bundle and no list', () =>
  withPlace(async ({ seal, own, plant, append, write, run, folder }) => {
    write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
    write('policy.yaml', policyYaml);
    await append('rehearsal', rehearsalOf(seal));
    // no entry of it names a target, and the registry that the reader names counts all the same
    await append('rehearsal', rehearsalOf(seal), 'stranger');
    const entry = { kind: 'report', seal, size: 5, recordedAt: now() } as const;
    await plant({ ...entry, digest: digest('evidence', ['report', 'none']) }, 'stranger');
    const bytes = Buffer.from('\u0000\u001b[2J{');
    const named = digest('evidence', ['report', bytes]);
    writeFileSync(join(folder, '.oneroof', 'evidence', 'blobs', `${named.slice(7)}.json`), bytes);
    await plant({ ...entry, digest: named, size: bytes.length }, 'stranger');
    expect(run('bundle', 'release', '--offline', '--out', 'b.json')).toMatchObject({ status: 0 });
    const verified = run('verify-evidence', 'b.json', '--registry', 'registry.json');
    expect(verified.stderr).toBe('');
    expect(verified.stdout.match(/^not counted {2}entry \d, report: key unknown/gm)).toHaveLength(2);
    expect(verified.stdout).toContain('not counted  entry 2, rehearsal: key unknown');
    const listed = run('log', 'release', '--offline');
    expect(listed.status, listed.stderr).toBe(0);
    expect(listed.stdout.match(/not counted: key unknown/g)).toHaveLength(3);
    // the control: without the bytes of an entry that counts it is refused
    const bundle = JSON.parse(readFileSync(join(folder, 'b.json'), 'utf8')) as { entries: { blob: string }[] };
    if (bundle.entries[1] !== undefined) bundle.entries[1].blob = '';
    write('c.json', `${JSON.stringify(bundle)}\n`);
    expect(run('verify-evidence', 'c.json', '--registry', 'registry.json').stderr).toContain('[BUNDLE_DIGEST]');
    const { entries } = JSON.parse(run('log', 'release', '--offline', '--json').stdout) as {
      entries: readonly { readonly index: number; readonly digest: string }[];
    };
    const counts = entries.find(({ index }) => index === 1)?.digest.slice(7) ?? '';
    rmSync(join(folder, '.oneroof', 'evidence', 'blobs', `${counts}.json`));
    expect(run('log', 'release', '--offline').stderr).toContain(
      'entry 1 (rehearsal): its bytes are missing [EVIDENCE_BYTES_BROKEN]',
    );
  }));

it('a pipe in place of bytes is not read, and no command waits for it', () =>
  withPlace(async ({ seal, plant, folder }) => {
    const named = digest('evidence', ['report', 'pipe']);
    await plant({ kind: 'report', seal, digest: named, size: 5, recordedAt: now() }, 'stranger');
    execFileSync('mkfifo', [join(folder, '.oneroof', 'evidence', 'blobs', `${named.slice(7)}.json`)]);
    const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
    const ran = spawnSync(process.execPath, [main, 'report', 'release'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect(ran).toMatchObject({ status: 1, signal: null });
    expect(ran.stdout).toContain('RELEASE READINESS');
  }));

it('a reading of another target, by a key that counts only there, says nothing about this one', () =>
  withPlace(async ({ seal, own, append, keyOf, report, write, run }) => {
    write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
    write('staging.json', registryDocument(registryOf([{ id: 'tester', key: await keyOf('tester'), may: ['look'] }])));
    const look = { seal, release: 'one-roof', readAt: now() };
    await append('gate', gateBody({ ...look, target: 'staging' }), 'tester');
    const monitor = (of: ReturnType<typeof report>) => of.components.find(({ id }) => id === 'monitor');
    expect(monitor(report())).toMatchObject({ status: 'NO-GO', evidence: 'no gate evidence' });
    expect(monitor(report('--target', 'staging'))).toMatchObject({ status: 'GO' });
    expect(run('summary', 'release', '--target', 'production').stdout).toContain('no gate evidence');
    await append('gate', gateBody({ ...look, target: 'production' }));
    expect(monitor(report())).toMatchObject({ status: 'GO' });
  }));

it('a rehearsal that failed is not hidden by an older or a planted one that passed', () =>
  withPlace(async ({ seal, own, append, report, write }) => {
    write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
    await append('rehearsal', rehearsalOf(seal));
    const at = now();
    const failed = { outcome: 'failed', problems: [{ code: 'SQL_FAILED', problem: 'it broke', fix: '' }] };
    await append('rehearsal', rehearsalBody({ release: 'one-roof', seal, startedAt: at, endedAt: at, ...failed }));
    await append('rehearsal', rehearsalOf(seal), 'stranger');
    const { reasons } = report().readiness;
    expect(reasons.join()).toContain('it broke');
    expect(reasons).not.toContain(unrehearsed);
  }));

it('a stranger’s own chain, of any length, is not verified by every command', () =>
  withPlace(async ({ seal, own, append, keyOf, report, write }) => {
    write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
    const mine = [registryOf([{ id: 'mallory', key: await keyOf('mallory') }])] as [Registry, ...Registry[]];
    for (let n = 0; n < 150; n += 1)
      mine.push(registryOf([{ id: `mallory-${n}`, key: await keyOf('mallory') }], mine.at(-1)));
    const timed = () => {
      const began = performance.now();
      report();
      return performance.now() - began;
    };
    const before = timed();
    await append('rules', { version: 1, target: 'production', rules: rulesOf(mine) }, 'mallory');
    expect(timed()).toBeLessThan(before + 1500);
    await append('rehearsal', rehearsalOf(seal), 'mallory');
    expect(report().readiness.reasons).toContain(unrehearsed);
  }));

it('characters that a terminal obeys come out of nothing, not out of JSON either', () =>
  withPlace(async ({ seal, own, append, write, run, folder }) => {
    write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
    const problem = '\u001b[2J\u009b2J\u202egnp\u0000\u007f';
    const failed = { outcome: 'failed', problems: [{ code: 'SQL_FAILED', problem, fix: problem }], [problem]: problem };
    await append('rehearsal', { ...rehearsalOf(seal), ...failed });
    const json = run('report', 'release', '--json');
    const told = JSON.parse(json.stdout) as { reports: readonly { readiness: { reasons: readonly string[] } }[] };
    expect(told.reports[0]?.readiness.reasons.join()).toContain(problem);
    const files = ['report.md', 'report.html', 'report.json'].map((name) =>
      readFileSync(join(folder, '.oneroof', 'reports', 'one-roof', 'production', name), 'utf8'),
    );
    for (const text of [json.stdout, run('report', 'release').stdout, run('summary', 'release').stdout, ...files])
      expect(text).not.toMatch(/[\p{Cf}\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
  }));

it('a report by a key that may only record rests on nothing that it may not say, once a registry is named', () =>
  withPlace(async ({ seal, own, append, keyOf, write, run }) => {
    const ci = await keyOf('ci');
    await append('rehearsal', rehearsalOf(seal), 'ci');
    await append('rehearsal', rehearsalOf(seal));
    expect(run('report', 'release').stdout).toContain('RELEASE READINESS');
    const registry = (may: readonly string[]) =>
      registryDocument(
        registryOf([
          { id: 'ci', key: ci },
          { id: 'machine', key: own, may: may as never },
        ]),
      );
    write('all.json', registry(['look', 'propose', 'record', 'rehearse', 'seal']));
    write('few.json', registry(['record', 'seal']));
    expect(run('bundle', 'release', '--offline', '--out', 'b.json')).toMatchObject({ status: 0 });
    const verify = (file: string) => run('verify-evidence', 'b.json', '--registry', file).stderr;
    expect(verify('few.json')).toMatch(
      /^error: 2 reports use 1 entry that does not count: machine may not rehearse; entries 2, reports of .* \[BUNDLE_VERDICT\]$/m,
    );
    expect(verify('all.json')).not.toContain('does not count');
    // the reader named none: then the report is taken as it was made
    expect(run('verify-evidence', 'b.json')).toMatchObject({ status: 0 });
  }));
