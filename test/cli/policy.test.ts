import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyDigest, registryDigest } from '../../src/people/index.ts';
import { person, policyOf, policyYaml, registry } from '../gate/people.ts';
import { oneroof } from './run.io.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-policy-'));
  writeFileSync(join(folder, 'oneroof.yaml'), 'targets: { production: {} }\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(files: { readonly policy?: string; readonly registry?: object }): void {
  if (files.policy !== undefined) writeFileSync(join(folder, 'policy.yaml'), files.policy);
  if (files.registry !== undefined)
    writeFileSync(join(folder, 'registry.json'), JSON.stringify(files.registry, null, 2));
}

describe('oneroof policy check', () => {
  it('prints the digest that people sign, and that the registry can fill every seat', () => {
    put({ policy: policyYaml, registry });
    const { status, stdout } = oneroof(['policy', 'check', '-C', folder]);
    expect(status).toBe(0);
    expect(stdout).toContain(policyDigest(policyOf()));
    expect(stdout).toContain('the registry can fill every seat');
    const json: unknown = JSON.parse(oneroof(['policy', 'check', '--json', '-C', folder]).stdout);
    expect(json).toMatchObject({ schema: 'oneroof/policy/1', exit: 0, digest: policyDigest(policyOf()) });
  });

  it('says so where there is no registry yet to compare it with', () => {
    put({ policy: policyYaml });
    expect(oneroof(['policy', 'check', '-C', folder])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('not compared with a registry') as string,
    });
  });

  it('ends with POLICY_INVALID, all problems and a caret where the policy is wrong', () => {
    put({ policy: policyYaml.replace('level: 2', 'level: 12').replace('https:', 'http:'), registry });
    const { status, stderr } = oneroof(['policy', 'check', '-C', folder]);
    expect(status).toBe(3);
    expect(stderr.match(/\[POLICY_INVALID\]/g)).toHaveLength(2);
    expect(stderr).toContain('policy.yaml:4:1');
    expect(stderr).toContain('^');
  });

  it('ends with CONFIG_NOT_FOUND where there is no policy', () => {
    expect(oneroof(['policy', 'check', '-C', folder]).stderr).toContain('[CONFIG_NOT_FOUND]');
  });

  it('ends with SEATS_UNFILLABLE at the seats that nobody can fill', () => {
    put({ policy: policyYaml, registry: { ...registry, persons: registry.persons.slice(0, 1) } });
    const { status, stderr } = oneroof(['policy', 'check', '-C', folder]);
    expect(status).toBe(3);
    expect(stderr).toContain('[SEATS_UNFILLABLE]');
    expect(stderr).toContain('policy.yaml:6:1');
  });
});

describe('oneroof registry', () => {
  it('checks the registry against the policy, and shows persons and keys', () => {
    put({ policy: policyYaml, registry });
    const checked = oneroof(['registry', 'check', '-C', folder]);
    expect(checked).toMatchObject({ status: 0, stderr: '' });
    expect(checked.stdout).toContain(registryDigest(registry));
    const shown = oneroof(['registry', 'show', '-C', folder]).stdout;
    expect(shown).toContain('ben  Ben Example, level 2\n  ben: synced');
    expect(shown).toContain('agent-1  software, fills no seat');
    const json: unknown = JSON.parse(oneroof(['registry', 'show', '--json', '-C', folder]).stdout);
    expect(json).toMatchObject({ schema: 'oneroof/registry/1', digest: registryDigest(registry), registry });
  });

  it('ends with REGISTRY_INVALID where one key stands under two persons', () => {
    const [ana] = registry.persons;
    put({ policy: policyYaml, registry: { ...registry, persons: [ana, { ...person('ben', 2), keys: ana?.keys }] } });
    const { status, stderr } = oneroof(['registry', 'check', '-C', folder]);
    expect(status).toBe(3);
    expect(stderr).toContain('[REGISTRY_INVALID]');
    expect(stderr).toContain('this public key is duplicated: ana has it already');
  });

  it('ends with AUTHENTICATOR_REFUSED at a key of a model that the policy does not list', () => {
    put({ policy: policyYaml.replace('null', '[ee882879-721c-4913-9775-3dfcce97072a]'), registry });
    const { stderr } = oneroof(['registry', 'check', '-C', folder]);
    expect(stderr).toContain('[AUTHENTICATOR_REFUSED]');
    expect(stderr).toContain('registry.json:');
  });

  it('tells of the problems of both files at once', () => {
    put({ policy: policyYaml.replace('level: 2', 'level: 12'), registry: { ...registry, version: 2 } });
    const { stderr } = oneroof(['registry', 'check', '-C', folder]);
    expect(stderr).toContain('[POLICY_INVALID]');
    expect(stderr).toContain('[REGISTRY_INVALID]');
  });
});
