import { describe, expect, it } from 'vitest';
import { canonicalJson, digest, type Instant } from '../../src/core/index.ts';
import { openSession, sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { submitRelease, submitSignature } from '../../src/gate/index.ts';
import { runSql, newest } from '../database.io.ts';
import { assertion, registryOf, runTier, signer, withCopy, withGate } from './cycle.io.ts';
import { as, attempt, begin, epoch, step, text } from './hostile.io.ts';

const hour = 3_600_000;
const at = (ms: number): Instant => new Date(Date.now() + ms).toISOString() as Instant;

const [first, second] = ['insert into t values (2)', 'insert into t values (3)'];

describe.each(newest)('a running gate in PostgreSQL %s', (version) => {
  it('runs the ratified steps in order, once, whoever holds the credential of the executor', {
    timeout: 60_000,
  }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const refused = (role: string, statements: readonly string[], why: string) =>
        expect(as(gated, role, statements), `${role}: ${statements.join('; ')}`).rejects.toThrow(why);
      const executor = 'oneroof_executor';
      await refused(executor, attempt(statement, [step(statement, 1, 'drop table t')]), 'gate: step');
      await refused(executor, attempt(statement, [step(statement, 2, second)]), 'gate: order');
      await refused(
        executor,
        attempt(statement, [step(statement, 1, first), step(statement, 1, first)]),
        'gate: order',
      );
      await refused(executor, attempt(statement, [step(statement, 1, first)]), 'gate: order');
      await refused(
        executor,
        attempt(statement, [step(statement, 1, first), step(statement, 2, second)], ['commit']),
        'gate: order: the tier was not left',
      );
      await refused(executor, attempt(statement, [], ['commit']), 'gate: order: the tier was not left');
      await refused(executor, ['begin', step(statement, 1, first)], 'gate: order');
      await refused('app_owner', ['begin', step(statement, 1, first)], 'permission denied');
      await refused(
        'app_owner',
        [`select gate.claim_step('${statement}', 'up', '1-rows', 1, ${text(first)})`],
        'permission denied',
      );
      await refused('oneroof_relay', [step(statement, 1, first)], 'permission denied');
      await refused('oneroof_observer', [step(statement, 1, first)], 'permission denied');
      await refused(executor, ['select * from public.t'], 'permission denied');
      await refused(executor, ['set role app_owner'], 'permission denied');
      await refused(executor, [`select gate.begin_attempt('sha256:00', 'up')`], 'gate: unknown');
      // an attempt that began earlier has lost the fence
      await refused(
        executor,
        [
          begin(statement),
          `select gate.begin_attempt('${statement}', 'up')`,
          'begin',
          `select gate.enter_tier('${statement}', 'up', '1-rows', ${epoch})`,
        ],
        'gate: fence',
      );
      for (const role of [executor, 'oneroof_relay', 'oneroof_observer', 'app_owner'])
        for (const change of [
          'delete from gate.signatures',
          'truncate gate.steps cascade',
          `insert into gate.documents (kind, digest, body) values ('policy', 'x', '{}')`,
          'update gate.fence set epoch = 0',
          'create table gate.mine (i integer)',
          'select gate.refuse(null, null)',
          'drop schema gate cascade',
          'select gate.finish_step(null)',
        ])
          await refused(role, [change], change.includes('drop') ? 'must be owner' : 'denied');
      await refused('oneroof_observer', ['create table mine (i integer)'], 'permission denied');
      await as(gated, executor, attempt(statement, [step(statement, 1, first), step(statement, 2, second)]));
      await refused(executor, attempt(statement, []), 'gate: order');
      await refused(executor, attempt(statement, [step(statement, 1, first)]), 'gate: order');
    });
  });

  it('lets exactly one of eight racing executors run the tier', { timeout: 60_000 }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const runs = await Promise.allSettled(
        Array.from({ length: 8 }, () =>
          gated.as('oneroof_executor', (session) =>
            runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
          ),
        ),
      );
      expect(runs.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const [rows] = await gated.as('app_owner', (session) =>
        session.query(sql`select count(*)::text as n from public.t`),
      );
      expect(rows).toEqual({ n: '3' });
    });
  });

  it('takes no statement that was not signed for this database, by these people, under these rules', {
    timeout: 60_000,
  }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben, ira } = gated.people;
      const good = await gated.ratification();
      const submit = (body: string, signature = assertion(ana, body)) =>
        gated.as('oneroof_relay', (session) => submitSignature(session, body, signature));
      const refused = (work: Promise<unknown>, why: string) => expect(work, why).rejects.toThrow(`gate: ${why}`);
      await refused(submit(good, assertion(signer('eve', 4), good)), 'credential');
      await refused(submit(good, { ...assertion(signer('eve', 4), good), credential: ana.credential }), 'signature');
      await refused(submit(good, assertion(ana, good, { flags: 0x01 })), 'user-verification');
      await refused(submit(good, assertion(ana, good, { flags: 0x04 })), 'user-presence');
      await refused(submit(good, assertion(ana, good, { origin: 'https://evil.example' })), 'origin');
      await refused(submit(good, assertion(ana, good, { rpId: 'evil.example' })), 'rp-id');
      await refused(submit(good, assertion(ana, await gated.ratification())), 'challenge');
      await refused(submit(good, assertion(ira, good)), 'author');
      await refused(submit(` ${good}`), 'canonical');
      await refused(submit(good.slice(0, -1)), 'canonical');
      await refused(submit(good.replace(':ratification:', ':rehearsal:')), 'kind');
      await refused(submit(`"${'x'.repeat(1_100_000)}"`), 'size');
      await refused(submit(await gated.ratification({ policy: digest('policy', ['{}']) })), 'policy');
      await refused(
        submit(await gated.ratification({ registry: { version: 2, digest: digest('registry', ['{}']) } })),
        'registry',
      );
      await refused(submit(await gated.ratification({ notBefore: at(hour), expires: at(-hour) })), 'statement');
      await submit(good);
      await refused(submit(good), 'duplicate');
      const open = (statement: string) =>
        gated.as('oneroof_executor', (session) => session.query(sql`select gate.begin_attempt(${statement}, 'up')`));
      await refused(open(statementDigest(good)), 'seal');
      await gated.as('oneroof_relay', (session) => submitRelease(session, gated.sealed));
      await refused(open(statementDigest(good)), 'target');
      await refused(
        gated.ratify(await gated.ratification({}, { incarnation: '00000000-0000-4000-8000-000000000001' }), [ana]),
        'target',
      );
      await refused(gated.ratify(await gated.ratification({}, { timeline: 2 }), [ana], { timeline: 2 }), 'target');
      const half = await gated.ratify(await gated.ratification(), [ana]);
      await refused(open(half), 'seats: 1 of 2');
      const low = await gated.ratify(await gated.ratification(), [ben]);
      await refused(open(low), 'seats');
      for (const [why, more] of [
        ['expired', { notBefore: at(-2 * hour), expires: at(-hour) }],
        ['not-yet-valid', { notBefore: at(hour), expires: at(2 * hour) }],
        ['too-long', { notBefore: at(-hour), expires: at(48 * hour) }],
        ['rehearsal-age', { rehearsedAt: at(-48 * hour) }],
        ['evidence', { evidence: [] }],
        ['rehearsal-age', { rehearsedAt: at(hour) }],
        ['review', { sealedAt: at(hour) }],
      ] as const)
        await refused(open(await gated.ratify(await gated.ratification(more), [ana, ben])), why);
      // a statement that hides the authors does not give them a seat: the seal names them
      const hidden = await gated.ratify(await gated.ratification({ authors: [] }), [ira, ben]);
      await refused(open(hidden), 'seats: 1 of 2');
      const fine = await gated.ratify(await gated.ratification(), [ana, ben]);
      await open(fine);
      const revocation = writeStatement({
        kind: 'revocation',
        subject: { name: 'small', digest: fine },
        predicate: { reason: 'no', nonce: '1' },
      });
      await submit(revocation, assertion(ben, revocation));
      await refused(open(fine), 'revoked');
    });
  });

  it('does not open again in a copy of the database', { timeout: 60_000 }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      await withCopy(gated, async (copy) => {
        const session = await openSession(
          { ...copy, user: 'oneroof_executor' },
          { applicationName: 'test', timeouts: "server's" },
        );
        await expect(session.query(sql`select gate.begin_attempt(${statement}, 'up')`)).rejects.toThrow('gate: target');
        await session.close();
      });
    });
  });

  it('closes for a schema that is not the rehearsed one, and for a gate that was changed', {
    timeout: 60_000,
  }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const tier = () =>
        gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
        );
      await as(gated, 'app_owner', ['alter table public.t add column drift integer']);
      await expect(tier()).rejects.toThrow('gate: schema');
      await as(gated, 'app_owner', ['alter table public.t drop column drift']);
      // a right in this database alone: a membership would close the gates of all tests beside this one
      await runSql(gated.database, ['grant execute on function gate.schema_digest() to app_owner']);
      await expect(tier()).rejects.toThrow('gate: intact');
      const again = await gated.ratify(await gated.ratification(), [ana, ben]);
      const next = () =>
        gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement: again, direction: 'up', tier: '1-rows' }),
        );
      await expect(next()).rejects.toThrow('gate: intact');
      await runSql(gated.database, ['revoke execute on function gate.schema_digest() from app_owner']);
      // a burned column number is nothing that a client can tell
      await next();
    });
  });

  it('takes the next registry only from a quorum of the present one, and does not count removed persons', {
    timeout: 60_000,
  }, async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const eve = signer('eve', 4);
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const previous = digest('registry', [canonicalJson(gated.registry)]);
      const next = canonicalJson(registryOf([ana, eve], { version: 2, previous }));
      const body = writeStatement({
        kind: 'registry',
        subject: { name: 'registry', digest: digest('registry', [next]) },
        predicate: {
          version: 2,
          previous,
          number: 1,
          notBefore: new Date(Date.now() - 60_000).toISOString(),
          expires: new Date(Date.now() + 3_600_000).toISOString(),
          nonce: '1'.repeat(32),
        },
      });
      const relay = <T>(use: Parameters<typeof gated.as<T>>[1]) => gated.as('oneroof_relay', use);
      const accept = (document: string) =>
        relay((session) => session.query(sql`select gate.accept('registry', ${document})`));
      await expect(accept(next)).rejects.toThrow('gate: quorum');
      await relay((session) => submitSignature(session, body, assertion(ana, body)));
      await expect(accept(next)).rejects.toThrow('gate: quorum');
      await relay((session) => submitSignature(session, body, assertion(ben, body)));
      await expect(accept(canonicalJson(registryOf([eve], { version: 2, previous })))).rejects.toThrow('gate: quorum');
      await expect(accept(canonicalJson(registryOf([ana, eve], { version: 3, previous })))).rejects.toThrow(
        'gate: chain',
      );
      await accept(next);
      await expect(
        gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
        ),
      ).rejects.toThrow('gate: registry');
    });
  });
});
