import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson, now } from '../../src/core/index.ts';
import { type EvidenceKind, keyFingerprint } from '../../src/evidence/index.ts';
import { type Registry, registryDigest, registryDocument, type Rules } from '../../src/people/index.ts';
import { executionBody, gateBody } from '../evidence-kinds/bodies.ts';
import { keys, policyYaml, time } from '../gate/people.ts';
import { type Answer } from './run.io.ts';
import { registryOf, rehearsalOf, rulesOf, unrehearsed, withPlace } from './place.io.ts';

describe('an entry of a key that nobody enrolled', () => {
  it('counts nowhere, and is listed everywhere', { timeout: 120_000 }, () =>
    withPlace(async ({ seal, own, run, append, keyOf, report, log, write, folder }) => {
      write('policy.yaml', policyYaml);
      write('registry.json', registryDocument(registryOf([{ id: 'machine', key: own }])));
      const honest = report();
      expect(honest.uncounted).toEqual([]);
      expect(honest.whose).toContain('registry version 1 of production');
      const statement = { version: 1, target: 'production', body: '{}', descriptor: {} };
      const planted: readonly (readonly [EvidenceKind, unknown])[] = [
        ['rehearsal', rehearsalOf(seal)],
        ['seal', { version: 1, release: 'one-roof', seal }],
        ['gate', gateBody({ seal, release: 'one-roof', readAt: now() })],
        ['execution', executionBody({ seal, release: 'one-roof', phase: 'applied', at: now() })],
        ['proposal', statement],
        ['report', { ...honest, readiness: { status: 'GO', reasons: [] } }],
      ];
      for (const [kind, body] of planted) await append(kind, body, 'stranger');
      const names = planted.map(([kind]) => kind);
      const said = report();
      expect(said.uncounted.map(({ kind, why }) => [kind, why])).toEqual(names.map((kind) => [kind, 'key unknown']));
      // the first report was recorded itself; else nothing but it has come into what the report rests on
      expect(said.evidence.map(({ kind }) => kind)).toEqual(['seal', 'report']);
      expect(said.readiness.reasons).toContain(unrehearsed);
      expect(said.components.find(({ id }) => id === 'activation')?.evidence).toBe(
        honest.components.find(({ id }) => id === 'activation')?.evidence,
      );
      for (const file of ['report.md', 'report.html']) {
        const text = readFileSync(join(folder, '.oneroof', 'reports', 'one-roof', 'production', file), 'utf8');
        expect(text.match(/not counted: key unknown/g)?.length, file).toBe(planted.length);
      }
      expect(run('report', 'release', '-t', 'production').stdout.match(/not counted .*key unknown/g)?.length).toBe(
        planted.length,
      );
      expect(run('summary', 'release').stdout).toContain('Not counted: 6 entries');
      expect(run('dossier', 'release').stderr).toContain('NOT_REHEARSED');
      expect(
        log()
          .filter(({ uncounted }) => uncounted === 'key unknown')
          .map(({ kind }) => kind),
      ).toEqual(names);
      expect(run('log', 'release').stdout.match(/not counted: key unknown/g)?.length).toBe(planted.length);

      run('bundle', 'release', '--offline', '--out', 'b.json');
      const verified = run('verify-evidence', 'b.json', '--registry', 'registry.json');
      expect(verified).toMatchObject({ status: 0 });
      for (const kind of names)
        expect(verified.stdout).toMatch(
          new RegExp(`not counted  entry \\d+, ${kind}: key unknown \\(signed by SHA256`),
        );
      expect(verified.stdout).not.toContain('rolled out');
      // the reader names the keys instead of the registry: the same are left out
      write('agents.pub', `${own}\n`);
      const named = run('verify-evidence', 'b.json', '--keys', 'agents.pub');
      expect(named).toMatchObject({ status: 0 });
      expect(named.stdout.match(/^not counted {2}/gm)?.length).toBe(planted.length);
      write('strangers.pub', `${await keyOf('nobody')}\n`);
      expect(run('verify-evidence', 'b.json', '--keys', 'strangers.pub').stderr).toContain('BUNDLE_SIGNATURE');
      write('strangers.json', registryDocument(registryOf([{ id: 'nobody', key: await keyOf('nobody') }])));
      const byNone = run('verify-evidence', 'b.json', '--registry', 'strangers.json');
      expect([byNone.status, byNone.stderr.match(/^error:/gm)?.length], byNone.stderr).toEqual([3, 1]);
      expect(byNone.stderr).toContain('no entry counts by the given registry');
      expect(byNone.stderr).toContain('[BUNDLE_SIGNATURE]');

      // the control: once the quorum has enrolled that key, from the place on where the log tells so, the same entries count
      const second = registryOf(
        [
          { id: 'machine', key: own },
          { id: 'ci', key: await keyOf('stranger') },
        ],
        registryOf([{ id: 'machine', key: own }]),
      );
      await append('rules', {
        version: 1,
        target: 'production',
        rules: rulesOf([registryOf([{ id: 'machine', key: own }]), second]),
      });
      expect(report().readiness.reasons).toContain(unrehearsed);
      for (const [kind, body] of planted.slice(0, 3)) await append(kind, body, 'stranger');
      const after = report();
      expect(after.uncounted.length).toBe(planted.length);
      expect(after.readiness.reasons).not.toContain(unrehearsed);
      expect(after.evidence.map(({ kind }) => kind).filter((kind) => kind === 'rehearsal')).toHaveLength(1);
    }),
  );

  it(
    'is one error for one cause where reports rest on it: how many, the first of them, and whose key',
    { timeout: 180_000 },
    () =>
      withPlace(async ({ seal, own, append, keyOf, report, run, write, folder }) => {
        const ci = await keyOf('ci');
        const both = [
          { id: 'ci', key: ci },
          { id: 'machine', key: own },
        ];
        write('registry.json', registryDocument(registryOf(both)));
        for (let n = 0; n < 5; n += 1) {
          await append('rehearsal', rehearsalOf(seal), 'ci');
          report();
        }
        run('bundle', 'release', '--offline', '--out', 'b.json');
        const verify = (...words: string[]): Answer => run('verify-evidence', 'b.json', ...words);
        expect(verify('--registry', 'registry.json')).toMatchObject({ status: 0 });
        write('half.json', registryDocument(registryOf(both.slice(1))));
        write('half.pub', `${own}\n`);
        for (const words of [
          ['--registry', 'half.json'],
          ['--keys', 'half.pub'],
        ]) {
          const { status, stderr } = verify(...words);
          expect(status).toBe(3);
          expect(stderr.match(/^error:/gm)).toHaveLength(1);
          expect(stderr).toContain(
            'error: 5 reports use 5 entries that do not count: key unknown; entries 1, 3, 5 and 2 more, reports of entries 2, 4, 6 and 2 more [BUNDLE_VERDICT]',
          );
          expect(stderr).toContain(`hint: compare whose key ${keyFingerprint(ci)} is`);
        }
        write('strangers.pub', `${await keyOf('nobody')}\n`);
        const { stderr } = verify('--keys', 'strangers.pub');
        expect(stderr.match(/^error:/gm)).toHaveLength(1);
        expect(stderr).toContain('the 11 entries are signed by SHA256:');
        // a checkpoint that is not the one of this log proves none of them
        const bundle = JSON.parse(readFileSync(join(folder, 'b.json'), 'utf8')) as Record<string, unknown>;
        write(
          'c.json',
          `${canonicalJson({ ...bundle, entries: (bundle['entries'] as object[]).map((one) => ({ ...one, proof: [] })) })}\n`,
        );
        expect(run('verify-evidence', 'c.json').stderr).toContain(
          'entry 0 is not proven to be in the log; the same is true of 10 more: entry 1, entry 2, entry 3 and 7 more [BUNDLE_PROOF]',
        );
      }),
  );

  it('counts where no registry is known only if it is this machine that wrote it, and the report says so', () =>
    withPlace(async ({ seal, own, append, report, run, write }) => {
      await append('rehearsal', rehearsalOf(seal), 'stranger');
      const said = report();
      expect(said.readiness.reasons).toContain(unrehearsed);
      expect(said.uncounted.map(({ why }) => why)).toEqual(['key unknown']);
      expect(said.whose).toMatch(
        /^the registry is unknown for production: only entries that this machine's own key signed count \(SHA256:/,
      );
      await append('rehearsal', rehearsalOf(seal));
      expect(report().readiness.reasons).not.toContain(unrehearsed);
      // a registry that names no software is no wider
      write('registry.json', registryDocument(registryOf([])));
      expect(report().whose).toContain("names no software: only entries that this machine's own key signed count");
      expect(report().uncounted).toHaveLength(1);
      // an honest bundle holds, and says that nothing says whose the keys are
      run('bundle', 'release', '--offline', '--out', 'b.json');
      const verified = run('verify-evidence', 'b.json');
      expect(verified).toMatchObject({ status: 0 });
      expect(verified.stdout).toContain('it is unknown whose keys signed it: compare them');
      expect(own).toMatch(/^ssh-ed25519 /);
    }));
});

describe('which registry counts', () => {
  it('is decided by the place in the log, not by a time that the writer says', { timeout: 120_000 }, () =>
    withPlace(async ({ seal, own, append, keyOf, report, write, run }) => {
      const ci = { id: 'ci', key: await keyOf('ci') };
      const late = { id: 'late', key: await keyOf('late') };
      const machine = { id: 'machine', key: own };
      const first = registryOf([machine, ci]);
      const second = registryOf([machine, late], first);
      write('registry.json', registryDocument(first));
      const before = await append('rehearsal', rehearsalOf(seal), 'ci');
      const early = await append('rehearsal', rehearsalOf(seal), 'late');
      expect(report().uncounted.map(({ index }) => index)).toEqual([early]);
      const rules = (chain: Rules) => ({ version: 1, target: 'production', rules: chain });
      // a chain that no quorum signed, and one that an unknown key tells of: neither has any say
      await append('rules', rules(rulesOf([first, second], [keys.ben])));
      await append('rules', rules(rulesOf([registryOf([late]), second])));
      await append('rules', rules(rulesOf([first, second])), 'nobody');
      const still = await append('rehearsal', rehearsalOf(seal), 'ci');
      expect(report().uncounted.map(({ index }) => index)).not.toContain(still);
      const place = await append('rules', rules(rulesOf([first, second])));
      // the removed key goes on, with an old time in its entry and in its body
      const backdated = await append('rehearsal', rehearsalOf(seal, time('2T06:00')), 'ci');
      const counted = await append('rehearsal', rehearsalOf(seal), 'late');
      const said = report();
      const left = said.uncounted.filter(({ kind }) => kind === 'rehearsal').map(({ index }) => index);
      expect(left).toEqual([early, backdated]);
      expect(before).toBeLessThan(place);
      expect(counted).toBeGreaterThan(place);
      expect(said.readiness.reasons).not.toContain(unrehearsed);
      // who checks the bundle follows the same chain
      run('bundle', 'release', '--offline', '--out', 'b.json');
      const verified = run('verify-evidence', 'b.json', '--registry', 'registry.json', '--json');
      expect(verified.stderr).toBe('');
      const told = JSON.parse(verified.stdout) as { uncounted: readonly { index: number; kind: string }[] };
      expect(told.uncounted.filter(({ kind }) => kind === 'rehearsal').map(({ index }) => index)).toEqual(left);
    }),
  );

  it('is each target’s own, and the log cannot put another root in its place', { timeout: 120_000 }, () =>
    withPlace(async ({ seal, own, append, keyOf, report, write }) => {
      const machine = { id: 'machine', key: own };
      const ci = { id: 'ci', key: await keyOf('ci') };
      write('registry.json', registryDocument(registryOf([machine])));
      write('staging.json', registryDocument(registryOf([machine, ci])));
      await append('rehearsal', rehearsalOf(seal), 'ci');
      const look = (target: string) => gateBody({ seal, release: 'one-roof', readAt: now(), target });
      await append('gate', look('staging'), 'ci');
      await append('gate', look('production'), 'ci');
      await append('gate', look('elsewhere'), 'ci');
      expect(report().uncounted.map(({ kind }) => kind)).toEqual(['rehearsal', 'gate', 'gate']);
      expect(report('--target', 'staging').uncounted.map(({ kind }) => kind)).toEqual(['gate', 'gate']);
      // a root of one's own, with one's own people and key
      const mine = registryOf([{ id: 'mallory', key: await keyOf('mallory') }]);
      await append('rules', { version: 1, target: 'production', rules: rulesOf([mine]) }, 'mallory');
      await append('rehearsal', rehearsalOf(seal), 'mallory');
      expect(report().readiness.reasons).toContain(unrehearsed);
    }),
  );
});

describe('a right', () => {
  it('is needed for each kind, and the policy may say whose rehearsals count', { timeout: 120_000 }, () =>
    withPlace(async ({ seal, own, append, keyOf, report, write }) => {
      const machine = { id: 'machine', key: own };
      const ci = { id: 'ci', key: await keyOf('ci') };
      write('registry.json', registryDocument(registryOf([machine, { ...ci, may: ['look'] }])));
      await append('rehearsal', rehearsalOf(seal), 'ci');
      const before = report();
      expect(before.uncounted).toMatchObject([{ why: 'ci may not rehearse' }]);
      expect(before.readiness.reasons).toContain(unrehearsed);
      write('registry.json', registryDocument(registryOf([machine, { ...ci, may: ['rehearse'] }])));
      expect(report().readiness.reasons).not.toContain(unrehearsed);
      write('policy.yaml', policyYaml.replace('maxAge: 3d }', 'maxAge: 3d, by: [ci] }'));
      expect(report().readiness.reasons).not.toContain(unrehearsed);
      write('policy.yaml', policyYaml.replace('maxAge: 3d }', 'maxAge: 3d, by: [machine] }'));
      const after = report();
      expect(after.uncounted).toMatchObject([{ why: 'the policy does not let ci rehearse' }]);
      expect(after.readiness.reasons).toContain(unrehearsed);
    }),
  );

  it('is given to a key by the next registry, and taken away again', () =>
    withPlace(async ({ folder, own, keyOf, run, write }) => {
      const first = registryOf([]);
      write('policy.yaml', policyYaml.replace('production: true', 'production: true'));
      write('registry.json', registryDocument(first));
      const key = await keyOf('ci');
      expect(run('registry', 'add-key', 'ci', '--key', `${key} runner@ci`, '--may', 'seal,rehearse')).toMatchObject({
        status: 0,
      });
      expect(run('registry', 'add-key', 'machine', '--may', 'record').stdout).toContain('oneroof ratify --registry');
      const next = JSON.parse(readFileSync(join(folder, 'registry.next.json'), 'utf8')) as Registry;
      expect(next.software).toEqual([
        { id: 'ci', key, may: ['rehearse', 'seal'] },
        { id: 'machine', key: own, may: ['record'] },
      ]);
      expect(next.previous).toBe(registryDigest(first));
      expect(run('registry', 'drop', 'ci')).toMatchObject({ status: 0 });
      const after = JSON.parse(readFileSync(join(folder, 'registry.next.json'), 'utf8')) as Registry;
      expect(after.software.map(({ id }) => id)).toEqual(['machine']);
      expect(run('registry', 'add-key', 'ci', '--may', 'approve').stderr).toContain('[USAGE]');
      expect(run('registry', 'add-key', 'ana', '--may', 'seal').stderr).toContain('[REGISTRY_INVALID]');
      expect(canonicalJson(after)).toBe(registryDocument(after));
    }));

  it('that a machine lacks is said at once, with the command that gives it', () =>
    withPlace(async ({ keyOf, run, write, own }) => {
      write('registry.json', registryDocument(registryOf([{ id: 'ci', key: await keyOf('ci') }])));
      const { stderr } = run('gate', 'release');
      expect(stderr).toContain('not counted for production: the gate entries of this machine (key unknown)');
      const fix = /oneroof registry add-key NAME --key '([^']+)' --may look/.exec(stderr)?.[1] ?? '';
      expect(fix).toBe(own);
      expect(run('registry', 'add-key', 'laptop', '--key', fix, '--may', 'look')).toMatchObject({ status: 0 });
    }));
});
