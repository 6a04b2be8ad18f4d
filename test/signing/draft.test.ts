import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run as drop } from '../../src/cli/commands/registry-drop.io.ts';
import { run as enrol } from '../../src/cli/commands/enrol.io.ts';
import { openDraft, writeDraft } from '../../src/cli/draft.io.ts';
import { follows, readRegistry, type Registry, registryDocument } from '../../src/people/index.ts';
import { readSetup } from '../../src/setup/index.ts';
import { keys, person, policyYaml, registry } from '../gate/people.ts';
import { addAuthenticator, freePort, hasBrowser, launch } from './browser.io.ts';
import { desk } from './desk.io.ts';

let home = '';
const file = (name: string): string => join(home, name);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'oneroof-draft-'));
  writeFileSync(file('oneroof.yaml'), 'targets: { production: {} }\n');
  writeFileSync(file('policy.yaml'), policyYaml);
  writeFileSync(file('registry.json'), registryDocument(registry));
});
afterEach(() => rmSync(home, { recursive: true }));

const ids = (of: Registry): readonly string[] => of.persons.map(({ id }) => id);
const dropping = async (who: string, options: Readonly<Record<string, string>> = {}): Promise<Registry> => {
  await desk(home, who).command(drop, options);
  return readRegistry(file('registry.next.json'));
};

describe('oneroof registry drop', () => {
  it('writes the next version beside the registry, without the person, and leaves the registry as it is', async () => {
    const next = await dropping('dan');
    expect(ids(next)).toEqual(['ana', 'ben', 'cleo', 'eve']);
    expect(follows(next, registry)).toBe(true);
    expect(readFileSync(file('registry.json'), 'utf8')).toBe(registryDocument(registry));
  });

  it('takes several changes into one version', async () => {
    await dropping('dan');
    const next = await dropping('ben', { key: keys.ben2.credential.slice(0, 8) });
    expect(next.version).toBe(2);
    expect(ids(next)).not.toContain('dan');
    expect(next.persons.find(({ id }) => id === 'ben')?.keys.map(({ credential }) => credential)).toEqual([
      keys.ben.credential,
    ]);
  });

  it('refuses what would lock everybody out, and writes nothing then', async () => {
    await expect(dropping('eve')).rejects.toMatchObject({ code: 'SEATS_UNFILLABLE' });
    await expect(dropping('eve', { key: keys.eve.credential })).rejects.toMatchObject({ code: 'SEATS_UNFILLABLE' });
    expect(() => readRegistry(file('registry.next.json'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_NOT_FOUND' }),
    );
  });

  it('refuses a person who is not there, and a key that is not exactly one', async () => {
    await expect(dropping('zoe')).rejects.toMatchObject({ code: 'PERSON_UNKNOWN' });
    await expect(dropping('ana', { key: 'nothing' })).rejects.toMatchObject({ code: 'PERSON_UNKNOWN' });
    await expect(dropping('ben', { key: '' })).rejects.toMatchObject({ code: 'PERSON_UNKNOWN' });
  });
});

describe('a draft of the registry', () => {
  const draftWith = async (options: Readonly<Record<string, string | boolean>>) =>
    openDraft(
      { commands: [], arguments: [], folder: home, options } as unknown as Parameters<typeof openDraft>[0],
      await readSetup(home),
    );

  it('stays version 1, in place, while no gate was installed with it', async () => {
    const { registry: draft, file: out } = await draftWith({ first: true });
    expect([draft.version, out]).toEqual([1, file('registry.json')]);
    writeDraft({ registry: { ...draft, persons: [...draft.persons, person('zed', 1)] }, file: out });
    expect(ids(readRegistry(file('registry.json'))).at(-1)).toBe('zed');
    rmSync(file('registry.json'));
    expect(await draftWith({})).toMatchObject({
      registry: { version: 1, previous: null },
      file: file('registry.json'),
    });
  });

  it('is not made over one that follows something else', async () => {
    writeFileSync(file('registry.next.json'), registryDocument(registry));
    await expect(draftWith({})).rejects.toMatchObject({ code: 'CHANGE_NOT_NEXT' });
    await dropTo('other.json');
    writeFileSync(file('registry.json'), readFileSync(file('other.json')));
    await expect(draftWith({ first: true })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is refused for somebody new without a name and a level', async () => {
    await expect(desk(home, null).command(enrol, { person: 'zoe' })).rejects.toMatchObject({
      code: 'PERSON_INCOMPLETE',
    });
  });
});

const dropTo = async (out: string): Promise<void> => void (await desk(home, 'dan').command(drop, { out }));

describe.runIf(hasBrowser())('oneroof enrol, in a real browser', () => {
  it('makes the first version, then a second device of the same person in a draft', { timeout: 60_000 }, async () => {
    const port = await freePort();
    writeFileSync(
      file('policy.yaml'),
      policyYaml
        .replace('production: true', 'production: false')
        .replace('origin: https://gate.example.org', `origin: http://localhost:${port}`)
        .replace('rpId: gate.example.org', 'rpId: localhost')
        .replace('attestation: required', 'attestation: none'),
    );
    rmSync(file('registry.json'));
    const browser = await launch();
    const enrolWith = async (options: Readonly<Record<string, string | boolean>>): Promise<string> => {
      const { said, command } = desk(home, null);
      const enrolling = command(enrol, options);
      await expect.poll(() => said.some((line) => line.startsWith('open http')), { timeout: 60_000 }).toBe(true);
      const tab = await (await browser.newContext()).newPage();
      await addAuthenticator(tab, 'verifies');
      await tab.goto(/open (\S+) /.exec(said.at(-1) ?? '')?.[1] ?? '');
      await tab.click('button');
      return (await enrolling).text;
    };
    try {
      const first = await enrolWith({ first: true, person: 'ana', name: 'Ana', level: '4' });
      expect(first).not.toContain('ratify --registry');
      const text = await enrolWith({ person: 'ana' });
      expect(text).toContain(`oneroof ratify --registry ${file('registry.next.json')}`);
    } finally {
      await browser.close();
    }
    const [was, is] = ['registry.json', 'registry.next.json'].map((name) => readRegistry(file(name)));
    expect(was?.persons.map(({ keys: all }) => all.length)).toEqual([1]);
    expect(is?.persons.map(({ keys: all }) => all.length)).toEqual([2]);
    expect(was !== undefined && is !== undefined && follows(is, was)).toBe(true);
  });
});
