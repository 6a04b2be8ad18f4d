import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBundle, verifyBundle, writeBundle } from '../../src/bundle/index.ts';
import { canonicalJson, type Digest, type Milliseconds, now } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { openFolderStore, readCheckpoint, statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { submitRelease, submitSignature } from '../../src/gate/index.ts';
import { policyDigest, registryDigest, registryDocument } from '../../src/people/index.ts';
import { ratificationStage, rolloutStage } from '../../src/pipeline.io.ts';
import { sealDocument } from '../../src/release/index.ts';
import { newest } from '../database.io.ts';
import { rehearsalBody } from '../evidence-kinds/bodies.ts';
import { assertion, type Gated, withGate } from './cycle.io.ts';
import { rehearseIn } from './footprint.io.ts';
import { changeOf, revocationOf } from './purpose.io.ts';

const ms = (value: number): Milliseconds => value as Milliseconds;
const window = { longest: ms(86_400_000), review: ms(1), rollback: ms(3_600_000) };
const nonce = 'a'.repeat(32);

/** A store with a seal and a rehearsal that passed, and what a ratification names of them. */
async function prepared(gated: Gated, folder: string) {
  const store = readable(openFolderStore(folder));
  const { seal, release } = gated.sealed;
  await store.append({ kind: 'seal', seal, body: { version: 1, release: release.name, seal } }, now());
  const endedAt = now();
  const body = rehearsalBody({ seal, endedAt, footprint: await rehearseIn(gated.database, gated.sealed) });
  const rehearsal = await store.append({ kind: 'rehearsal', seal, body }, now());
  const { checkpoint } = await store.log();
  const head = readCheckpoint(checkpoint ?? '');
  return {
    course: { sealed: gated.sealed, store },
    named: {
      evidence: [{ kind: 'rehearsal', digest: rehearsal.digest }],
      rehearsedAt: endedAt,
      log: { size: head?.size ?? 0, root: Buffer.from(head?.root ?? []).toString('hex') },
    },
  };
}

describe.each(newest)('the record of the gate, on PostgreSQL %s', (version) => {
  it('is kept as evidence, statement by statement, and a bundle of it holds offline', async () => {
    const root = mkdtempSync(join(tmpdir(), 'record-'));
    try {
      await withGate(version, { policy: { window } }, async (gated) => {
        const { people } = gated;
        const { course, named } = await prepared(gated, root);
        const { seal, release } = gated.sealed;
        const second = { ...gated.registry, version: 2, previous: registryDigest(gated.registry), software: [] };
        const { body: change } = changeOf(gated, 'registry', { document: second });
        const record = (role = 'oneroof_relay') =>
          gated.as(role, (session) => ratificationStage(course, { target: 'production', session }));
        await gated.as('oneroof_relay', async (session) => {
          await submitRelease(session, gated.sealed);
          for (const one of [people.ana, people.ben]) await submitSignature(session, change, assertion(one, change));
          // it takes nobody else's signature away, and is kept with the change
          const withdrawal = revocationOf(statementDigest(change));
          await submitSignature(session, withdrawal, assertion(people.ira, withdrawal));
          await session.query(sql`select gate.accept('registry', ${registryDocument(second)})`);
        });
        // the log tells of the change at once: what the next registry names counts from there on
        expect((await record()).map(({ kind }) => kind)).toEqual(['rules']);
        expect(await record()).toEqual([]);
        const registry = { version: 2, digest: registryDigest(second) };
        const body = await gated.ratification({ ...named, registry });
        const statement = await gated.ratify(body, [people.ben]);
        expect((await record()).map(({ kind }) => kind)).toEqual(['ratification']);
        await gated.as('oneroof_relay', (session) => submitSignature(session, body, assertion(people.ana, body)));
        expect((await record('oneroof_observer')).map(({ kind }) => kind)).toEqual(['ratification']);
        expect(await record('oneroof_executor')).toEqual([]);
        const executor = { ...gated.database, user: 'oneroof_executor' };
        const run = { executor, target: 'production', statement, through: null };
        await gated.as('app_owner', (owner) => owner.query(sql`insert into public.readiness values (1)`));
        expect(await rolloutStage(course, { ...run, direction: 'up' })).toMatchObject({ result: 'done' });
        const revocation = writeStatement({
          kind: 'revocation',
          subject: { name: release.name, digest: statement },
          predicate: { reason: 'a customer called', nonce },
        });
        await gated.as('oneroof_relay', (session) =>
          submitSignature(session, revocation, assertion(people.ira, revocation)),
        );
        expect((await record()).map(({ kind }) => kind)).toEqual(['revocation']);
        expect(await rolloutStage(course, { ...run, direction: 'down' })).toMatchObject({ result: 'done' });

        const log = await course.store.log();
        const bytes = new Map<Digest, Uint8Array>();
        for (const { entry } of log.lines)
          bytes.set(entry.digest, (await course.store.bytes(entry)) ?? Buffer.alloc(0));
        const name = { name: release.name as string, seal: seal as Digest };
        const text = writeBundle({ release: name, document: sealDocument(release), log, bytes });
        const pinned = { policy: policyDigest(gated.policy), registry: registryDigest(gated.registry) };
        const { problems, told } = verifyBundle(readBundle(Buffer.from(text)), { keys: null, ...pinned });
        expect(problems).toEqual([]);
        expect(told.said.map(({ kind, signed }) => [kind, signed.map(({ id }) => id)])).toEqual([
          ['ratification', ['ben', 'ana']],
          ['revocation', ['ira']],
        ]);
        expect(told.done.map(({ direction, tier, outcome }) => `${direction} ${tier} ${outcome}`)).toEqual([
          'up 1-rows applied',
          'up 2-table applied',
          'down 2-table applied',
          'down 1-rows applied',
        ]);
        expect(canonicalJson(told.roots)).toBe(canonicalJson([{ target: 'production', ...pinned }]));
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  }, 120_000);
});
