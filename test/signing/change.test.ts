import { submitTargetOf } from '../gate/footprint.io.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closing } from '../../src/cli/commands/decline.io.ts';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { canonicalJson } from '../../src/core/index.ts';
import { shortCode, statementDigest } from '../../src/evidence/index.ts';
import { describeGate, readChanges, readCycles, submitRelease, submitSignature } from '../../src/gate/index.ts';
import { type Policy, type Registry, virtualAuthenticator } from '../../src/people/index.ts';
import { targetOf, readSetup } from '../../src/setup/index.ts';
import {
  changeCeremony,
  describeChange,
  differenceText,
  documentOf,
  type Next,
  nextVersion,
  type Relay,
  requireNext,
  withKey,
  without,
  withRelay,
} from '../../src/signing/index.ts';
import { newest } from '../database.io.ts';
import { assertion, descriptorOf, type Gated, signer, withGate } from '../gate/cycle.io.ts';
import { addAuthenticator, freePort, hasBrowser, launch, serveEnrolment } from './browser.io.ts';
import { desk, signOn } from './desk.io.ts';
import { type Version } from '../binaries.io.ts';

const eve = signer('eve', 5);
const eveKey = {
  credential: eve.credential,
  x: eve.x,
  y: eve.y,
  aaguid: virtualAuthenticator,
  device: 'bound',
  label: 'key',
} as const;
const withEve = (registry: Registry): Registry =>
  withKey(nextVersion(registry), { id: 'eve', name: 'Eve', level: 5 }, eveKey);

/** A gated database, a folder with oneroof.yaml for it, and a desk there. */
async function atDesk(
  version: Version,
  use: (
    of: { gated: Gated; home: string; put: (name: string, value: unknown) => void } & ReturnType<typeof desk>,
  ) => Promise<void>,
): Promise<void> {
  const origin = `http://localhost:${await freePort()}`;
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
  await withGate(version, { policy: { origin, rpId: 'localhost', window } }, async (gated) => {
    const { database } = gated;
    const url = (role: string): string =>
      `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
    const home = mkdtempSync(join(tmpdir(), 'oneroof-change-'));
    writeFileSync(
      join(home, 'oneroof.yaml'),
      `targets:\n  trial:\n    url: "${url('oneroof_observer')}"\n    relay: { url: "${url('oneroof_relay')}" }\n`,
    );
    const put = (name: string, value: unknown): void => writeFileSync(join(home, name), JSON.stringify(value));
    await use({ gated, home, put, ...desk(home, null) });
    rmSync(home, { recursive: true });
  });
}

/** The policy as people write it: lengths of time as text. */
const written = ({ window, rehearsal, ...rest }: Policy): unknown => ({
  ...rest,
  window: Object.fromEntries(Object.entries(window).map(([name, ms]) => [name, `${Math.max(ms, 1)}ms`])),
  rehearsal: { maxAge: `${rehearsal.maxAge}ms` },
});
const inForce = (gated: Gated) => gated.as('oneroof_observer', describeGate);
const onRelay = async <T>(home: string, use: (relay: Relay) => Promise<T>): Promise<T> =>
  await withRelay(targetOf(await readSetup(home), 'trial'), 'test', use);
/** Has these people sign what the ceremony asks for, without a page. */
const signAll = async (home: string, next: Next, by: readonly Parameters<typeof assertion>[0][]): Promise<string> =>
  await onRelay(home, async (relay) => {
    const { body, submit } = await changeCeremony(relay, next);
    for (const one of by) {
      const signature = assertion(one, body, relay.policy);
      const person = relay.registry.persons.find(({ id }) => id === one.id);
      const key = person?.keys[0];
      if (person === undefined || key === undefined) throw new Error(`${one.id} is not there`);
      await submit({ person, key, signature });
    }
    return statementDigest(body);
  });

describe.each(newest)('the next registry, on PostgreSQL %s', (version) => {
  it('comes into force with the last signature of the quorum, and not before', { timeout: 60_000 }, () =>
    atDesk(version, async ({ gated, said, command, put, interrupt }) => {
      const { ana, ben } = gated.people;
      const next = withEve(gated.registry);
      put('registry.next.json', next);
      const first = command(ratify, { registry: 'registry.next.json' });
      expect(await signOn(said, gated, eve)).toMatchObject({ ok: false, code: 'key-unknown' });
      expect(await signOn(said, gated, ana)).toMatchObject({ ok: true, complete: false });
      expect((await inForce(gated)).registry).toBe(canonicalJson(gated.registry));
      interrupt();
      await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
      // another desk, later: the same statement, the first signature is kept
      said.length = 0;
      const second = command(ratify, { registry: 'registry.next.json' });
      expect(await signOn(said, gated, ana)).toMatchObject({ ok: false, code: 'duplicate' });
      expect(await signOn(said, gated, ben)).toMatchObject({ ok: true, complete: true });
      const outcome = await second;
      expect(outcome).toMatchObject({ exit: 0, data: { kind: 'registry', persons: ['ana', 'ben'] } });
      expect(outcome.text).toContain('registry.next.json: when it is in force in every target');
      expect((await inForce(gated)).registry).toBe(canonicalJson(next));
      await expect(command(ratify, { registry: 'registry.next.json' })).rejects.toMatchObject({
        code: 'CHANGE_NOT_NEXT',
      });
    }),
  );

  it('is put in force without asking anybody where the program ended after the last signature', () =>
    atDesk(version, async ({ gated, command, put, said, home }) => {
      const next = withEve(gated.registry);
      put('registry.next.json', next);
      await onRelay(home, async (relay) => {
        const { body } = await changeCeremony(relay, { kind: 'registry', registry: next });
        for (const by of [gated.people.ana, gated.people.ben])
          await submitSignature(relay.session, body, assertion(by, body, relay.policy));
      });
      expect((await inForce(gated)).registry).toBe(canonicalJson(gated.registry));
      expect(await command(ratify, { registry: 'registry.next.json' })).toMatchObject({ exit: 0 });
      expect(said).toEqual([]);
      expect((await inForce(gated)).registry).toBe(canonicalJson(next));
    }));

  it('is refused before anybody is asked where it would lock everybody out, or follows something else', () =>
    atDesk(version, async ({ gated, command, put, said }) => {
      const { registry } = gated;
      const draft = nextVersion(registry);
      const codes = async (next: Registry): Promise<string> => {
        put('registry.next.json', next);
        return await command(ratify, { registry: 'registry.next.json' }).then(
          () => 'asked',
          (error: { code: string }) => error.code,
        );
      };
      const alone = without(without(draft, { person: 'ben', key: null }), { person: 'ira', key: null });
      expect(await codes(alone)).toBe('SEATS_UNFILLABLE');
      expect(await codes({ ...draft, version: 3 })).toBe('CHANGE_NOT_NEXT');
      expect(await codes(registry)).toBe('CHANGE_NOT_NEXT');
      expect(await codes(withEve({ ...registry, persons: registry.persons.slice(1) }))).toBe('CHANGE_NOT_NEXT');
      await expect(command(ratify, {})).rejects.toMatchObject({ code: 'USAGE' });
      await expect(command(ratify, { registry: 'a', policy: 'b' })).rejects.toMatchObject({ code: 'USAGE' });
      expect(said).toEqual([]);
    }));
});

describe.each(newest)('the next policy, on PostgreSQL %s', (version) => {
  it('needs fresh signatures each time, also where the same one comes back', { timeout: 60_000 }, () =>
    atDesk(version, async ({ gated, home }) => {
      const { ana, ben } = gated.people;
      const one: Policy = { ...gated.policy, seats: [{ level: 4, device: 'any' }] };
      const statements: string[] = [];
      for (const policy of [one, gated.policy, one]) {
        expect((await onRelay(home, ({ session }) => readChanges(session))).length).toBe(0);
        statements.push(await signAll(home, { kind: 'policy', policy }, [ana, ben]));
        expect((await inForce(gated)).policy).toBe(documentOf({ kind: 'policy', policy }).document);
      }
      expect(new Set(statements).size).toBe(3);
    }),
  );

  it('leaves a revocation possible for any one enrolled person, with any seats', { timeout: 60_000 }, () =>
    atDesk(version, async ({ gated, home }) => {
      const { ana, ben, ira } = gated.people;
      const { said, command } = desk(home, gated.folder);
      const why = { reason: 'wrong owners' };
      await expect(command(closing('revoke').run, why)).rejects.toMatchObject({ code: 'NOTHING_WAITS' });
      await expect(command(closing('decline').run, why)).rejects.toMatchObject({
        message: expect.stringContaining('no one has signed') as string,
      });
      const body = await gated.ratification();
      await gated.as('oneroof_relay', async (session) => {
        await submitRelease(session, gated.sealed);
        await submitSignature(session, body, assertion(ana, body, gated.policy));
      });
      const declining = command(closing('decline').run, why);
      expect(await signOn(said, gated, ben, canonicalBodyOf)).toMatchObject({ ok: true });
      expect((await declining).data).toMatchObject({ person: 'ben', ratification: statementDigest(body) });
      await signAll(home, { kind: 'policy', policy: { ...gated.policy, seats: [{ level: 4, device: 'bound' }] } }, [
        ana,
        ben,
      ]);
      said.length = 0;
      const revoking = command(closing('revoke').run, why);
      expect(await signOn(said, gated, ira, canonicalBodyOf)).toMatchObject({ ok: true });
      expect((await revoking).data).toMatchObject({ person: 'ira', ratification: statementDigest(body) });
      const [kept] = await gated.as('oneroof_observer', readCycles);
      expect(kept?.closed.up?.code).toMatch(/^(policy|revoked)$/);
    }),
  );
});

describe('a revocation', () => {
  it('closes one ratification, and says that another of the release is open still', { timeout: 60_000 }, () =>
    atDesk('18', async ({ gated, home }) => {
      const { ana, ben } = gated.people;
      const descriptor = await descriptorOf(gated);
      await gated.as('oneroof_relay', async (session) => {
        await submitRelease(session, gated.sealed);
        for (let n = 0; n < 2; n += 1) {
          const body = await gated.ratification();
          for (const by of [ana, ben]) await submitSignature(session, body, assertion(by, body, gated.policy));
          await submitTargetOf(session, { statement: statementDigest(body), descriptor, place: 0, proof: [] });
        }
      });
      const texts: string[] = [];
      for (let n = 0; n < 2; n += 1) {
        const { said, command } = desk(home, gated.folder);
        const revoking = command(closing('revoke').run, { reason: 'wrong owners' });
        expect(await signOn(said, gated, ben, canonicalBodyOf)).toMatchObject({ ok: true });
        texts.push((await revoking).text);
      }
      expect(texts.map((text) => text.includes('STILL OPEN: 1 other ratification'))).toEqual([true, false]);
      const cycles = await gated.as('oneroof_observer', readCycles);
      expect(cycles.map(({ closed }) => closed.up?.code)).toEqual(['revoked', 'revoked']);
      await expect(desk(home, gated.folder).command(closing('revoke').run, { reason: 'again' })).rejects.toMatchObject({
        code: 'NOTHING_WAITS',
      });
    }),
  );
});

const canonicalBodyOf = (page: string): string => /<pre id="text"[^>]*>(\{"_type".*?\})<\/pre>/s.exec(page)?.[1] ?? '';

describe('a change', () => {
  const ground = async (use: (present: { policy: Policy; registry: Registry }) => void): Promise<void> => {
    const people = [signer('ana', 4), signer('ben', 2, 0x1d), signer('ira', 4)];
    const { policyOf, registryOf } = await import('../gate/cycle.io.ts');
    use({ policy: policyOf(), registry: registryOf(people) });
  };
  const codesOf = (act: () => void): readonly string[] => {
    try {
      act();
      return [];
    } catch (error) {
      return (error as { problems: readonly { code: string }[] }).problems.map(({ code }) => code);
    }
  };

  it('of the policy is refused where no passkey could sign under it', () =>
    ground((present) => {
      const codes = (policy: Policy): readonly string[] =>
        codesOf(() => requireNext(present, { kind: 'policy', policy }));
      const { policy } = present;
      expect(codes({ ...policy, seats: [{ level: 1, device: 'any' }] })).toEqual([]);
      expect(codes({ ...policy, rpId: 'example.org' })).toEqual(['CHANGE_LOCKS_OUT']);
      expect(codes({ ...policy, authenticators: { aaguids: null, attestation: 'required' } })).toEqual([
        'ATTESTATION_UNVERIFIED',
      ]);
      expect(
        codes({ ...policy, quorum: Array.from({ length: 4 }, () => ({ level: 1, device: 'any' as const })) }),
      ).toEqual(['SEATS_UNFILLABLE']);
      // no key of the registry is of a model that the next policy allows
      const authenticators = { aaguids: ['00000000-0000-0000-0000-000000000001'], attestation: 'none' as const };
      expect(codes({ ...policy, authenticators })).toContain('SEATS_UNFILLABLE');
      expect(codes(policy)).toEqual(['CHANGE_NOT_NEXT']);
    }));

  it('is told line by line: who comes and goes, whose level and keys, which seat and window', () =>
    ground((present) => {
      const { policy, registry } = present;
      const [ana, ben] = registry.persons;
      const persons = [
        { ...ana, level: 5, name: 'Ana B' },
        { ...ben, keys: [{ ...eveKey, aaguid: '00000000-0000-0000-0000-000000000000' }] },
      ] as Registry['persons'];
      const next = withEve({ ...registry, persons });
      const lines = describeChange(present, { kind: 'registry', registry: { ...next, persons: next.persons } });
      const said = lines.map(differenceText).map((line) => line.replace(/[0-9a-f]{12}$/, '…'));
      expect(said).toEqual([
        'level    ana: 4 → 5',
        'name     ana: ANA → Ana B',
        'key gone ben: key, synced, model 2fc0579f-8113-47ea-b116-bb5a8db9202a, not attested, key …',
        'key new  ben: key, bound, model 00000000-0000-0000-0000-000000000000, not attested, key …',
        'comes    eve, Eve, level 5',
        `key new  eve: key, bound, model ${virtualAuthenticator}, not attested, key …`,
        'goes     ira, IRA, level 4',
        'seats    every seat and the quorum can be filled',
        'spare    even without any one of the persons',
      ]);
      const fewer = describeChange(present, {
        kind: 'registry',
        registry: without(nextVersion(registry), { person: 'ira', key: null }),
      });
      expect(fewer.map(differenceText).at(-1)).toBe('spare    none for ana, ben: not without that person');
      const window = { ...policy.window, longest: 3_600_000 } as Policy['window'];
      const rules = describeChange(present, {
        kind: 'policy',
        policy: { ...policy, seats: [{ level: 4, device: 'bound' }], window },
      });
      expect(rules.slice(0, 2).map(differenceText)).toEqual([
        'changes  seats: level 2; level 4, bound key → level 4, bound key',
        expect.stringMatching(/^changes {2}window: valid .*86400000 ms.* → valid .*3600000 ms/),
      ]);
    }));
});

describe.runIf(hasBrowser())('the next policy, in a real browser', () => {
  it('is signed with a passkey that was made on the page, and comes into force', { timeout: 60_000 }, () =>
    atDesk('18', async ({ gated, home, put, said, command }) => {
      const { ana, ben } = gated.people;
      const browser = await launch();
      try {
        const tab = await (await browser.newContext()).newPage();
        await addAuthenticator(tab, 'verifies');
        const kept: Parameters<typeof withKey>[2][] = [];
        const enrolment = await serveEnrolment(gated.policy, (key) => void kept.push(key));
        const press = async (url: string, code: string | null): Promise<string> => {
          await tab.goto(url);
          if (code !== null) await tab.fill('#code', code);
          await tab.click('button');
          await tab.locator('output.go, output.no').waitFor({ timeout: 60_000 });
          return (await tab.textContent('output')) ?? '';
        };
        expect(await press(enrolment.url, null)).toBe('Kept.');
        await enrolment.close();
        const [made] = kept;
        if (made === undefined) throw new Error('no passkey was made');
        const registry = withKey(nextVersion(gated.registry), { id: 'eve', name: 'Eve', level: 5 }, made);
        await signAll(home, { kind: 'registry', registry }, [ana, ben]);
        const policy: Policy = { ...gated.policy, quorum: [{ level: 5, device: 'any' }] };
        await signAll(home, { kind: 'policy', policy }, [ana, ben]);
        put('policy.next.yaml', written({ ...policy, seats: [{ level: 4, device: 'any' }] }));
        const changing = command(ratify, { policy: 'policy.next.yaml' });
        await expect.poll(() => said.some((line) => line.startsWith('open http')), { timeout: 60_000 }).toBe(true);
        const [, url = '', code = ''] = /open (\S+) and type ([0-9a-f]{6})/.exec(said.at(-1) ?? '') ?? [];
        await tab.goto(url);
        expect(await tab.textContent('#text')).toContain('changes  seats: level 2; level 4, bound key → level 4');
        expect(await tab.textContent('main')).toContain('seats: 0 of 1 seats are filled');
        expect(await press(url, code)).toBe('Signed by Eve; nothing is missing.');
        const outcome = await changing;
        expect(outcome.data).toMatchObject({ kind: 'policy', persons: ['eve'] });
        expect(JSON.parse((await inForce(gated)).policy)).toMatchObject({ seats: [{ level: 4 }] });
        expect(code).toBe(shortCode((outcome.data as { statement: Parameters<typeof shortCode>[0] }).statement));
      } finally {
        await browser.close();
      }
    }),
  );
});
