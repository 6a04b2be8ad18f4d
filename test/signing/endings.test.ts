import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { run as abandon } from '../../src/cli/commands/abandon.io.ts';
import { run as adopt } from '../../src/cli/commands/adopt.io.ts';
import { run as log } from '../../src/cli/commands/log.io.ts';
import { run as rollback } from '../../src/cli/commands/rollback.io.ts';
import { run as rollout } from '../../src/cli/commands/rollout.io.ts';
import { run as seal } from '../../src/cli/commands/seal.io.ts';
import { canonicalJson, now } from '../../src/core/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import {
  isOfKind,
  openFolderStore,
  type StatementDigest,
  statementDigest,
  writeStatement,
} from '../../src/evidence/index.ts';
import { describeGate, submitSignature } from '../../src/gate/index.ts';
import {
  decideRecorded,
  isOf,
  type Policy,
  ratificationsOf,
  readHistory,
  registryDocument,
} from '../../src/people/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { ratificationStage } from '../../src/pipeline.io.ts';
import { readSealed } from '../../src/release/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { assertion, type Gated, gatedIn, type GatedPlan, release, withCopy, withGate } from '../gate/cycle.io.ts';
import { accept, attemptOn, changeOf, ratifyFor, revocationOf } from '../gate/purpose.io.ts';
import { freePort } from './browser.io.ts';
import { desk, signOn } from './desk.io.ts';

const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
const files: GatedPlan['files'] = {
  ...release,
  'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
  'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
};

/** A folder with oneroof.yaml for a database, and the documents that its gate was installed with. */
async function withHome(
  gated: Gated,
  use: (home: string, point: (at: Connection) => void) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'oneroof-endings-'));
  const point = ({ database, host }: Connection): void => {
    const url = (role: string): string => `postgres://${role}@/${database}?host=${encodeURIComponent(host)}`;
    writeFileSync(
      join(home, 'oneroof.yaml'),
      [
        'targets:',
        '  production:',
        `    url: "${url('oneroof_observer')}"`,
        `    relay: { url: "${url('oneroof_relay')}" }`,
        `    executor: { url: "${url('oneroof_executor')}" }`,
        `    admin: { url: "${url('postgres')}" }`,
      ].join('\n'),
    );
  };
  try {
    const written = {
      ...gated.policy,
      window: { longest: '24h', review: '1ms', rollback: '1h' },
      rehearsal: { maxAge: '24h' },
    };
    writeFileSync(join(home, 'policy.yaml'), JSON.stringify(written));
    writeFileSync(join(home, 'registry.json'), registryDocument(gated.registry));
    point(gated.database);
    await use(home, point);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function plan(): Promise<GatedPlan> {
  const origin = `http://localhost:${await freePort()}`;
  return { files: files ?? {}, policy: { origin, rpId: 'localhost', window } };
}

/** One step of the first tier, run by hand. */
async function halfWay(gated: Gated): Promise<string> {
  const statement = await ratifyFor(gated, { what: 'rollout' });
  await attemptOn(gated, { statement }, async (attempt) => {
    await attempt.begin();
    await attempt.enter();
    await attempt.step(1);
    await attempt.commit();
  });
  return statement;
}

it.each(versions)(
  'abandons a release that is half way, on PostgreSQL %s, and keeps that as evidence',
  async (version) => {
    await withGate(version, await plan(), async (gated) => {
      await halfWay(gated);
      const { people } = gated;
      await withHome(gated, async (home) => {
        const { said, command, interrupt } = desk(home, gated.folder);
        await command(seal);
        await expect(command(abandon)).rejects.toMatchObject({ code: 'USAGE' });
        const first = command(abandon, { reason: 'the rest comes later' });
        // the author too may end what they wrote; a second person is missing still
        expect(await signOn(said, gated, people.ben)).toMatchObject({ ok: true, complete: false });
        interrupt();
        await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
        said.length = 0;
        const second = command(abandon, { reason: 'another reason' });
        expect(await signOn(said, gated, people.ira)).toMatchObject({ ok: true, complete: true });
        expect((await second).data).toMatchObject({ persons: ['ben', 'ira'] });
        await expect(command(abandon, { reason: 'again' })).rejects.toMatchObject({ code: 'ABANDONED' });
        expect(await command(rollback)).toMatchObject({
          exit: 1,
          text: expect.stringContaining('abandoned') as string,
        });
        const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
        const kinds = (await store.entries()).map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'abandonment').length).toBeGreaterThan(0);
        const history = readHistory(await readSealed(gated.folder), await store.of(gated.sealed.seal));
        expect(history.broken).toEqual([]);
        const [found] = history.recorded.filter(isOf('abandonment'));
        expect(found?.signed.map(({ id }) => id)).toEqual(['ben', 'ira']);
        expect(found?.statement.predicate).toMatchObject({
          reason: 'the rest comes later',
          rows: [{ tier: '1-rows', done: false, steps: 1 }],
        });
        const [cycle] = ratificationsOf(history, 'production');
        const statement = cycle?.record.statement.digest as StatementDigest;
        for (const direction of ['up', 'down'] as const)
          expect(
            decideRecorded(history, { statement, target: 'production', direction, tier: null, now: now() }),
          ).toMatchObject({
            reason: { code: 'abandoned' },
          });
        // the control: without a quorum it is no abandonment, and the log says so
        const torn = (await store.of(gated.sealed.seal)).map((piece) =>
          isOfKind(piece, 'abandonment') && piece.readable
            ? {
                ...piece,
                body: {
                  ...piece.body,
                  statement: { ...piece.body.statement, signatures: piece.body.statement.signatures.slice(0, 1) },
                },
              }
            : piece,
        );
        expect(readHistory(await readSealed(gated.folder), torn as never).broken).not.toEqual([]);
        const listed = (await command(log)).data as { readonly entries: readonly { readonly kind: string }[] };
        expect(listed.entries.map(({ kind }) => kind)).toContain('abandonment');
      });
    });
  },
  180_000,
);

it.each(versions)(
  'rolls nothing out, on PostgreSQL %s, in a database that lacks what the evidence knows',
  async (version) => {
    await withGate(version, await plan(), async (gated) => {
      const statement = await halfWay(gated);
      await withHome(gated, async (home) => {
        const { command } = desk(home, gated.folder);
        await command(seal);
        const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
        const record = (steps: readonly [number, number]) =>
          store.append(
            { kind: 'execution', seal: gated.sealed.seal, body: executionOf(gated, { statement, steps }) },
            now(),
          );
        // the control: what the database has does not hold it
        await record([1, 1]);
        expect(await command(rollback, { dryRun: true })).toMatchObject({ exit: 0 });
        await record([2, 2]);
        for (const run of [rollback, rollout])
          for (const options of [{ dryRun: true }, {}])
            await expect(command(run, options)).rejects.toMatchObject({ code: 'TARGET_BEHIND' });
        // an adoption that no quorum signed takes that away for nobody
        await store.append({ kind: 'adoption', seal: gated.sealed.seal, body: await plantedAdoption(gated) }, now());
        await expect(command(rollback)).rejects.toMatchObject({ code: 'TARGET_BEHIND' });
      });
    });
  },
  180_000,
);

const executionOf = (gated: Gated, of: { readonly statement: string; readonly steps: readonly [number, number] }) => ({
  version: 1,
  release: 'small',
  seal: gated.sealed.seal,
  target: 'production',
  direction: 'up',
  tier: '1-rows',
  epoch: '1',
  phase: 'applied',
  reason: null,
  at: now(),
  ...of,
});

it.each(versions)(
  'adopts a restored database, on PostgreSQL %s: hands in what was lost, refuses what no one knows',
  async (version) => {
    await withGate(version, await plan(), async (gated) => {
      const { people } = gated;
      await withHome(gated, async (home, point) => {
        await withCopy(gated, async (database) => {
          // the copy is from before a revocation and a tier, which the log knows
          const statement = await halfWay(gated);
          const revocation = revocationOf(statement);
          const { origin, rpId } = gated.policy;
          await gated.as('oneroof_relay', (relay) =>
            submitSignature(relay, revocation, assertion(people.ana, revocation, { origin, rpId })),
          );
          const copy = gatedIn({ ...gated, database });
          const { command: release_ } = desk(home, gated.folder);
          await release_(seal);
          point(database);
          const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
          const course = { sealed: await readSealed(gated.folder), store };
          await gated.as('oneroof_relay', (session) => ratificationStage(course, { target: 'production', session }));
          const execution = executionOf(gated, { statement, steps: [1, 1] });
          await store.append({ kind: 'execution', seal: gated.sealed.seal, body: execution }, now());

          const { said, command, interrupt } = desk(home, 'production');
          await expect(command(adopt)).rejects.toMatchObject({ code: 'USAGE' });
          // what nobody vouches for was put in on the way
          await runSql(database, [
            `insert into gate.documents (kind, digest, body) select 'policy', 'sha256:${'1'.repeat(64)}', body from gate.documents where kind = 'policy'`,
          ]);
          await expect(command(adopt, { reason: 'restored' })).rejects.toMatchObject({ code: 'ADOPT_BEYOND' });
          await runSql(database, [`delete from gate.documents where digest = 'sha256:${'1'.repeat(64)}'`]);

          const before = await incarnationOf(database);
          const first = command(adopt, { reason: 'restored' });
          expect(await signOn(said, copy, people.ana)).toMatchObject({ ok: true, complete: false });
          expect(said.join('\n')).toContain('handed in again: the revocation');
          interrupt();
          await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
          said.length = 0;
          const second = command(adopt, { reason: 'restored' });
          expect(await signOn(said, copy, people.ben)).toMatchObject({ ok: true, complete: true });
          const { data } = await second;
          expect(data).toMatchObject({
            persons: ['ana', 'ben'],
            lost: [expect.stringContaining('tier 1-rows') as string],
          });
          expect(await incarnationOf(database)).not.toBe(before);
          expect((data as { incarnation: string }).incarnation).toBe(await incarnationOf(database));
          const entries = await store.entries();
          expect(entries.map(({ kind }) => kind)).toContain('adoption');
          // with the release that it is about, so that a bundle takes it along
          const evidence = await store.of(gated.sealed.seal);
          const kept = evidence.filter((piece) => isOfKind(piece, 'adoption'));
          expect(kept).toMatchObject([{ readable: true, body: { statement: { signatures: [{}, {}] } } }]);
          expect(readHistory(course.sealed, evidence).broken).toEqual([]);
        });
      });
    });
  },
  180_000,
);

it.each([
  ['is handed in again while its time lasts', 3_600_000, null],
  ['is named where its time is over', 4000, 'ADOPT_LOST'],
] as const)(
  'a policy that the restore lost %s',
  async (_what, until, code) => {
    await withGate('18', await plan(), async (gated) => {
      await withHome(gated, async (home, point) => {
        await withCopy(gated, async (database) => {
          await halfWay(gated);
          const { ana, ben } = gated.people;
          const { origin, rpId } = gated.policy;
          const next = { ...gated.policy, name: 'next' };
          const { body, text } = changeOf(gated, 'policy', { document: next, until });
          await gated.as('oneroof_relay', async (relay) => {
            for (const one of [ana, ben]) await submitSignature(relay, body, assertion(one, body, { origin, rpId }));
          });
          await accept(gated, 'policy', text);
          const { command: withRelease } = desk(home, gated.folder);
          await withRelease(seal);
          const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
          const course = { sealed: await readSealed(gated.folder), store };
          await gated.as('oneroof_relay', (session) => ratificationStage(course, { target: 'production', session }));
          point(database);
          const { said, command, interrupt } = desk(home, 'production');
          if (code !== null) {
            await wait(until);
            await expect(command(adopt, { reason: 'restored' })).rejects.toMatchObject({ code });
            return;
          }
          const adopting = command(adopt, { reason: 'restored' });
          await expect.poll(() => said.some((line) => line.startsWith('open http')), { timeout: 60_000 }).toBe(true);
          interrupt();
          await expect(adopting).rejects.toMatchObject({ code: 'INTERRUPTED' });
          expect(said.join('\n')).toContain('handed in again: the policy');
          const [row] = await withSession(database, (session) =>
            session.query<{ body: string }>(sql`select (gate.active('policy')).body as body`),
          );
          expect(row?.body).toBe(text);
        });
      });
    });
  },
  180_000,
);

/** What anyone can record who may write evidence: an adoption with the signature of one person. */
async function plantedAdoption(gated: Gated): Promise<object> {
  const { facts } = await gated.as('oneroof_observer', describeGate);
  const predicate = {
    facts,
    reason: 'x',
    notBefore: now(),
    expires: '2100-01-01T00:00:00.000Z',
    nonce: 'b'.repeat(32),
  };
  const subject = { name: 'production', digest: `sha256:${'0'.repeat(64)}` };
  const body = writeStatement({ kind: 'adoption', subject, predicate });
  const made = assertion(gated.people.ana, body, { origin: gated.policy.origin, rpId: gated.policy.rpId });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const signature = {
    credential: made.credential,
    authenticatorData: base64(made.authenticatorData),
    clientDataJSON: base64(made.clientDataJSON),
    signature: base64(made.signature),
    receivedAt: now(),
  };
  const statement = { kind: 'adoption', digest: statementDigest(body), body, receivedAt: now(), descriptor: null };
  const counted = { acceptedAt: now(), adopted: { before: facts.incarnation, incarnation: 'drawn' } };
  const first = { policy: canonicalJson(gated.policy), registry: registryDocument(gated.registry) };
  return {
    version: 1,
    target: 'production',
    facts: null,
    statement: { ...statement, ...counted, signatures: [signature] },
    rules: { first, links: [] },
  };
}

const incarnationOf = (database: Connection): Promise<string> =>
  withSession(database, async (session) => {
    const [row] = await session.query<{ is: string }>(sql`select incarnation::text as is from gate.identity`);
    return row?.is ?? '';
  });
