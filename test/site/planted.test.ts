import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run as ratify } from '../../src/cli/commands/ratify.io.ts';
import { canonicalJson, type Instant, instant, now } from '../../src/core/index.ts';
import { type Dossier, findDossier, show } from '../../src/dossier/index.ts';
import { ofKind, openFolderStore, shortCode, type StatementDigest, statementDigest } from '../../src/evidence/index.ts';
import { footprintDigest } from '../../src/fingerprint/index.ts';
import { readCycles } from '../../src/gate/index.ts';
import { registryDigest, type Right, rights, targetRoot } from '../../src/people/index.ts';
import { foreignSaid, judgeProposals, type Judging, proposalsOf, rootsOf } from '../../src/proposal/index.ts';
import { readWord, requireProposal, withRelay } from '../../src/signing/index.ts';
import { readSetup, targetOf } from '../../src/setup/index.ts';
import { signOn } from '../signing/desk.io.ts';
import { type ServedFixture, type Served, signedBy, withServedFixture } from './ratified.io.ts';

type Said = Record<string, unknown>;
interface Statement {
  subject: { name: string; digest: { sha256: string } }[];
  predicate: Said;
}

const target = ({ gated }: ServedFixture): string =>
  `/releases/${encodeURIComponent(gated.sealed.seal)}/targets/production`;
const other = 'b'.repeat(64);

/** What this host asked people, as it recorded it. */
async function honest(ground: ServedFixture, server: Served) {
  const answer = await server.ask(`${target(ground)}/propose`, { hours: '1' });
  expect(answer).toMatchObject({ ok: true });
  const evidence = await ground.store.of(ground.gated.sealed.seal);
  const proposal = proposalsOf(evidence).at(-1);
  if (proposal === undefined) throw new Error('nothing was proposed');
  return { at: String(answer['to']), ...proposal };
}

/** A head of the log as it is now, as a statement names it. */
async function head({ store }: ServedFixture): Promise<{ readonly size: number; readonly root: string }> {
  const log = await store.log();
  const size = log.lines.length;
  return { size, root: rootsOf(log)(size) ?? '' };
}

/** Records a proposal as anyone can who may write evidence; answers its statement. */
async function plant(
  ground: ServedFixture,
  of: { readonly body: string; readonly descriptor: object; readonly target?: string },
): Promise<StatementDigest> {
  const body = { version: 1, target: of.target ?? 'production', body: of.body, descriptor: of.descriptor };
  await ground.store.append({ kind: 'proposal', seal: ground.gated.sealed.seal, body }, now());
  return statementDigest(of.body);
}

function changed(body: string, change: (statement: Statement) => void): string {
  const statement = JSON.parse(body) as Statement;
  statement.predicate['nonce'] = 'c'.repeat(32);
  change(statement);
  return canonicalJson(statement);
}

/** The site shows an attack and takes no signature; the target holds nothing of the statement. */
async function isRefused(
  { ground, server }: { readonly ground: ServedFixture; readonly server: Served },
  of: { readonly body: string; readonly differs: RegExp },
): Promise<void> {
  const statement = statementDigest(of.body);
  const at = `/statements/${encodeURIComponent(statement)}`;
  const page = await server.page(at);
  expect(page).toContain(foreignSaid);
  expect(page).toMatch(of.differs);
  expect(page).not.toContain('Ratify with my passkey');
  const begun = await server.ask(`${at}/ratify/begin`, { code: shortCode(statement) });
  expect(begun['ok']).not.toBe(true);
  const signed = signedBy(ground.gated, ground.gated.people.ana, { body: of.body, ceremony: 'f'.repeat(32) });
  expect((await server.ask(`${at}/ratify/finish`, { signed }))['ok']).not.toBe(true);
  expect(await server.page(target(ground))).toContain(`ATTACK: ${foreignSaid}`);
  const cycles = await ground.gated.as('oneroof_observer', readCycles);
  expect(cycles.map((one) => one.statement)).not.toContain(statement);
}

it('asks no one to sign a statement that is filed under one release and is about another', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const server = await ground.start();
    const asked = await honest(ground, server);
    const body = changed(asked.body, ({ subject }) => {
      subject[0]!.digest.sha256 = other;
    });
    await plant(ground, { ...asked, body });
    await isRefused({ ground, server }, { body, differs: /subject: it says sha256:b/ });
    // a copy of what this host asked, filed by somebody under another target, hides nothing
    await plant(ground, { ...asked, target: 'elsewhere' });
    expect(await server.page(asked.at)).toContain('Ratify with my passkey');
    expect(
      await server.ask(`${asked.at}/ratify/begin`, { code: shortCode(statementDigest(asked.body)) }),
    ).toMatchObject({ ok: true });
    await server.kill();
    // the command line takes up what this host wrote, and says that there is something else
    const said = ground.said;
    said.length = 0;
    const ratifying = ground.command(ratify);
    expect(await signOn(said, ground.gated, ground.gated.people.ana)).toMatchObject({ ok: true, complete: false });
    expect(said.find((line) => line.startsWith('open http'))).toContain(shortCode(statementDigest(asked.body)));
    expect(said.find((line) => line.startsWith('ATTACK'))).toContain(`${statementDigest(body)}, entry`);
    ground.interrupt();
    await expect(ratifying).rejects.toMatchObject({ code: 'INTERRUPTED' });
  }),
);

it('asks no one to sign what a planted dossier leaves out or changes', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const server = await ground.start();
    const asked = await honest(ground, server);
    const hide = (change: (dossier: Dossier) => Dossier) => async () => {
      const { text: _text, ...record } = show(change(asked.dossier.dossier));
      await ground.store.append({ kind: 'dossier', seal: ground.gated.sealed.seal, body: record }, now());
      const log = await head(ground);
      const body = changed(asked.body, ({ predicate }) => {
        Object.assign(predicate, { dossier: record.digest, log, notBefore: now() });
      });
      await plant(ground, { ...asked, body });
      expect(findDossier(await ground.store.of(ground.gated.sealed.seal), record.digest)).not.toBeNull();
      return body;
    };
    const [first] = asked.dossier.dossier.tiers;
    const without = await hide((dossier) => ({
      ...dossier,
      tiers: [{ ...first!, up: first!.up.slice(1) }, ...dossier.tiers.slice(1)],
    }))();
    await isRefused({ ground, server }, { body: without, differs: /dossier: line \d+ says/ });
    const lies: readonly (readonly [string, (dossier: Dossier) => Dossier, RegExp])[] = [
      ['no risk', (dossier) => ({ ...dossier, risks: [] }), /dossier: line/],
      ['another title', (dossier) => ({ ...dossier, release: { ...dossier.release, title: 'x' } }), /dossier: line/],
      ['another author', (dossier) => ({ ...dossier, authors: [] }), /dossier: line/],
      ['a proof', (dossier) => ({ ...dossier, back: { ...dossier.back, how: 'x' } }), /dossier: line/],
      [
        'written long ago',
        (dossier) => ({ ...dossier, writtenAt: hoursAgo(5) }),
        /not written at the time|dossier: line/,
      ],
      [
        'read long ago',
        (dossier) => ({ ...dossier, now: { ...dossier.now, at: hoursAgo(5) } }),
        /not read at the time/,
      ],
      ['a metric that holds', (dossier) => ({ ...dossier, now: withMetric(dossier.now) }), /reading: it says/],
    ];
    for (const [, change, differs] of lies)
      await isRefused({ ground, server }, { body: await hide(change)(), differs });
    // beside the recorded reading there is one of this host's own
    expect(await server.page(asked.at)).toContain('Production, as read now by this host');
    expect(await server.page(asked.at)).toMatch(
      /What the rollout would do now<\/h2>.*not part of what you sign.*BLOCKED<\/span> no ratification of this seal/s,
    );
  }),
);

const hoursAgo = (hours: number): Instant => instant(new Date(Date.now() - hours * 3_600_000));
function withMetric(reading: Dossier['now']): Dossier['now'] {
  const metric = { name: 'zero', title: 'zero', value: 0, expected: '= 0', holds: true };
  return reading.read ? { ...reading, metrics: [...reading.metrics, metric] } : reading;
}

it('counts no entry of a key that no one signed for: a rehearsal, a dossier, a proposal', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const server = await ground.start();
    const { seal } = ground.gated.sealed;
    const stranger = openFolderStore(join(ground.home, 'evidence'), { keyFile: join(ground.home, 'stranger') });
    const before = ofKind(await ground.store.of(seal), 'rehearsal').at(-1);
    if (before?.readable !== true) throw new Error('no rehearsal');
    // newer, and it says of itself what it likes
    const body = { ...before.body, endedAt: now(), startedAt: now() };
    const planted = await stranger.append({ kind: 'rehearsal', seal, body }, now());
    const asked = await honest(ground, server);
    expect(asked.body).toContain(before.entry.digest);
    expect(asked.body).not.toContain(planted.digest);
    expect(asked.dossier.text).not.toContain(planted.digest);
    const forged = changed(asked.body, () => undefined);
    await stranger.append(
      {
        kind: 'proposal',
        seal,
        body: { version: 1, target: 'production', body: forged, descriptor: asked.descriptor },
      },
      now(),
    );
    await isRefused({ ground, server }, { body: forged, differs: /signer: not counted: key unknown/ });
    // the negative control: the same bytes, recorded by this host, can be signed
    await plant(ground, { ...asked, body: forged });
    expect(await server.page(`/statements/${encodeURIComponent(statementDigest(forged))}`)).toContain(
      'Ratify with my passkey',
    );
  }),
);

it('derives every field of a statement again, and names the one that differs', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const server = await ground.start();
    const asked = await honest(ground, server);
    const digest = `sha256:${other}`;
    const setup = await readSetup(ground.home);
    const { seal } = ground.gated.sealed;
    const word = await withRelay(targetOf(setup, 'production'), 'test', ({ session, facts }) =>
      readWord(session, { facts, seal }),
    );
    const course = { sealed: ground.gated.sealed, store: ground.store };
    const require = (statement: StatementDigest) =>
      withRelay(targetOf(setup, 'production'), 'test', (relay) => requireProposal(relay, course, statement));
    expect(await require(statementDigest(asked.body))).toMatchObject({ body: asked.body });
    await expect(require(digest as StatementDigest)).rejects.toMatchObject({ code: 'PROPOSAL_FOREIGN' });
    const evidence = await ground.store.of(seal);
    const log = await ground.store.log();
    const judging: Judging = {
      sealed: ground.gated.sealed,
      evidence,
      rootAt: rootsOf(log),
      signerOf: (index) => log.lines[Math.min(index, log.lines.length - 1)]?.signer ?? null,
      own: [await ground.store.ownKey()],
      wordOf: () => word,
      now: now(),
    };
    const [piece] = ofKind(evidence, 'proposal');
    if (piece?.readable !== true) throw new Error('no proposal');
    const judge = (body: string, more: object = {}, by: Partial<Judging> = {}) => {
      const forged = { ...piece, body: { ...piece.body, ...more, body } };
      const [judged] = judgeProposals({
        ...judging,
        ...by,
        evidence: [...evidence.filter((one) => one !== piece), forged],
      });
      return judged?.state === 'foreign' ? judged.differs.join('\n') : (judged?.state ?? 'none');
    };
    // the negative control: with no more than another nonce it holds
    expect(judge(changed(asked.body, () => undefined))).toBe('holds');
    const wrong: readonly (readonly [RegExp, (statement: Statement) => void])[] = [
      [/^subject: /m, ({ subject }) => void (subject[0]!.digest.sha256 = other)],
      [/^subject name: /m, ({ subject }) => void (subject[0]!.name = 'other')],
      [/^targets: /m, ({ predicate }) => void (predicate['targets'] = { root: other, size: 1 })],
      [/^targets: /m, ({ predicate }) => void ((predicate['targets'] as Said)['size'] = 2)],
      [/^evidence: /m, ({ predicate }) => void (predicate['evidence'] = [])],
      [/^evidence: /m, ({ predicate }) => void (predicate['evidence'] = [{ kind: 'rehearsal', digest }])],
      [/^rehearsedAt: /m, ({ predicate }) => void (predicate['rehearsedAt'] = predicate['notBefore'])],
      [/^sealedAt: /m, ({ predicate }) => void (predicate['sealedAt'] = hoursAgo(900))],
      [/^authors: /m, ({ predicate }) => void (predicate['authors'] = [])],
      [/^policy: /m, ({ predicate }) => void (predicate['policy'] = digest)],
      [/^registry: /m, ({ predicate }) => void (predicate['registry'] = { version: 1, digest })],
      [/^registry: /m, ({ predicate }) => void ((predicate['registry'] as Said)['version'] = 2)],
      [/^dossier: /m, ({ predicate }) => void (predicate['dossier'] = digest)],
      [/^log root: /m, ({ predicate }) => void ((predicate['log'] as Said)['root'] = other)],
      [/^log: /m, ({ predicate }) => void (predicate['log'] = { size: 999, root: other })],
      [/^evidence: /m, ({ predicate }) => void (predicate['log'] = { size: 0, root: other })],
      [/^notBefore: /m, ({ predicate }) => void (predicate['notBefore'] = '2100-01-01T00:00:00.000Z')],
      [/^notBefore: /m, ({ predicate }) => void (predicate['notBefore'] = hoursAgo(2))],
      [/^expires: /m, ({ predicate }) => void (predicate['expires'] = hoursAgo(-25))],
      [/^opens: /m, ({ predicate }) => void (predicate['opens'] = { what: 'rollback', cycle: digest })],
      [/^opens: /m, ({ predicate }) => void (predicate['opens'] = { what: 'tier', tier: '1-rows', cycle: digest })],
    ];
    for (const [expected, change] of wrong) {
      const body = changed(asked.body, (statement) => {
        change(statement);
        // a window that ends before it begins is no statement at all
        if (String(statement.predicate['notBefore']).startsWith('2100'))
          statement.predicate['expires'] = '2100-01-01T01:00:00.000Z';
      });
      expect(judge(body), body).toMatch(expected);
    }
    for (const name of ['database', 'incarnation', 'systemIdentifier', 'databaseOid', 'uri', 'schema'] as const) {
      const value = name === 'schema' ? digest : 'x';
      expect(judge(asked.body, { descriptor: { ...asked.descriptor, [name]: value } })).toMatch(
        /^(descriptor|targets): /m,
      );
    }
    expect(judge('{}')).toMatch(/^statement: /);
    // a rollback goes on from the schema that is there when people are asked, whatever was rehearsed, until somebody has signed it
    const cycle = `sha256:${'d'.repeat(64)}` as StatementDigest;
    const accepts = [{ object: 'index: app.i', property: null, expected: null, found: {} }];
    const descriptor = { ...asked.descriptor, schema: footprintDigest({ format: 1, accepts }) };
    const back = changed(asked.body, ({ predicate }) => {
      predicate['opens'] = { what: 'rollback', cycle };
      predicate['targets'] = { root: targetRoot([descriptor]), size: 1 };
    });
    const rolledOut = { statement: cycle, seal, opens: { what: 'rollout' } } as const;
    const signed = { ...rolledOut, statement: statementDigest(back) };
    const backWith = (
      differences: typeof accepts,
      cycles: readonly (typeof rolledOut)[],
      shown: typeof accepts = accepts,
    ): string =>
      judge(
        back,
        { descriptor, accepts: shown },
        { wordOf: () => ({ ...word, live: { ...word.live, drift: [{ cycle, differences }], cycles } }) },
      );
    expect(backWith(accepts, [rolledOut])).toBe('holds');
    expect(backWith([], [rolledOut])).toMatch(/^descriptor: /m);
    expect(backWith([], [rolledOut, signed])).toBe('holds');
    // what is shown of the differences is what is signed
    expect(backWith(accepts, [rolledOut], [])).toMatch(/^accepts: /m);
    expect(judge(asked.body, { accepts })).toMatch(/^accepts: /m);
    // whose word counts: by the registry that the statement names, each kind of entry by its own right
    const withKey = (may: readonly Right[], key: string = judging.own?.[0] ?? ''): string => {
      const registry = { ...ground.gated.registry, software: [{ id: 'ci', key, may }] };
      const body = changed(asked.body, ({ predicate }) => {
        predicate['registry'] = { version: registry.version, digest: registryDigest(registry) };
      });
      return judge(body, {}, { wordOf: () => ({ ...word, registries: [...word.registries, registry] }) });
    };
    const without = (right: Right): readonly Right[] => rights.filter((one) => one !== right);
    expect(withKey(rights)).toBe('holds');
    for (const right of ['look', 'record'] as const) expect(withKey(without(right))).toBe('holds');
    expect(withKey(without('rehearse'))).toMatch(/^evidence: no rehearsal/m);
    expect(withKey(without('seal'))).toMatch(/^sealedAt: /m);
    expect(withKey(without('propose'))).toMatch(/^signer: not counted: ci may not propose/m);
    expect(withKey(rights, `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`)).toMatch(
      /^evidence: no rehearsal/m,
    );
    expect(judge(asked.body, {}, { signerOf: () => null })).toMatch(/^evidence: no rehearsal/m);
    // a rehearsal that came between the head and the proposal is not what its dossier speaks of
    const rehearsal = ofKind(evidence, 'rehearsal').at(-1);
    if (rehearsal === undefined) throw new Error('no rehearsal');
    const later = { ...rehearsal, entry: { ...rehearsal.entry, index: piece.entry.index } };
    const after = { ...piece, entry: { ...piece.entry, index: piece.entry.index + 1 } };
    const [judged] = judgeProposals({ ...judging, evidence: [...evidence.slice(0, -1), later, after] });
    expect(judged).toMatchObject({ state: 'foreign', differs: [expect.stringContaining('log: a rehearsal')] });
  }),
);
