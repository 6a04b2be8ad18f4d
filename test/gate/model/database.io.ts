import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson, digest, type Digest, type Instant, type Milliseconds } from '../../../src/core/index.ts';
import { type Connection, openSession, type Session, type Sql, sql } from '../../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../../src/evidence/index.ts';
import { type Footprint } from '../../../src/fingerprint/index.ts';
import {
  acceptDocument,
  applyGate,
  describeGate,
  planLoopback,
  refusalOf,
  submitRelease,
  submitSignature,
} from '../../../src/gate/index.ts';
import { type Opens, type Policy, type Ratification, type TargetDescriptor } from '../../../src/people/index.ts';
import { readSealed, type SealedRelease, sealRelease } from '../../../src/release/index.ts';
import { type Version } from '../../binaries.io.ts';
import { runSql, withSession } from '../../database.io.ts';
import { withFolder } from '../../release/folder.io.ts';
import { assertion, type Gated, policyOf, registryOf, type Signer, signer, withCopy, withGate } from '../cycle.io.ts';
import { note, rehearseIn, rehearseThere, submitTargetOf } from '../footprint.io.ts';
import { startLoopbackServer } from '../loopback.io.ts';
import { type Action, handedInBefore, type Name, type Outcome, schemaOf, type World } from './state.ts';
import { type Document, people, type Policy as Rules, policies, releaseFiles, type Statement } from './world.ts';

/** A gate with its releases, of which each sequence of commands gets a copy. */
export interface Template {
  readonly gated: Gated;
  readonly signers: Readonly<Record<string, Signer>>;
  readonly sealed: Readonly<Record<string, SealedRelease>>;
  /** Footprints by release and schema. */
  readonly rehearsed: Map<string, Digest>;
}

/** One copy, with the sessions of everybody. */
export interface Real {
  /** Does what the action says, and answers as the model does. `before` is the world in which it is done. */
  perform(action: Action, before: World): Promise<Outcome>;
  /** What the application and the gate hold, as `summary` of the model writes it. */
  summary(): Promise<string>;
}

const ms = (count: number): Milliseconds => count as Milliseconds;
const instant = (at: number): Instant => new Date(at).toISOString() as Instant;

/** A policy of the model as the gate has it. */
function written(name: string, rules: Rules): Policy {
  const { longest, review, rollback, maxAge, ...seats } = rules;
  return policyOf({
    ...seats,
    name,
    window: { longest: ms(longest), review: ms(review), rollback: ms(rollback) },
    rehearsal: { maxAge: ms(maxAge) },
  });
}

/**
 * The gate's clock is a row that the test changes. So every window can be tried to the millisecond, and nothing waits. The time at which a
 * transaction began is what the row said then.
 */
const clock = [
  'create table public.moments (at timestamptz not null, told timestamptz not null)',
  `create function public.told() returns timestamptz language sql volatile as
    'select told from public.moments order by at desc limit 1'`,
  `create function public.told_at_begin() returns timestamptz language sql volatile as
    'select told from public.moments where at <= pg_catalog.transaction_timestamp() order by at desc limit 1'`,
  'grant select on public.moments to public',
  'grant all on public.moments to app_owner',
];

/** Lets the gate ask the test's clock. The server's timer of a transaction runs by real time, so it is given some. */
function clocked(text: string): string {
  return text
    .replaceAll("set_config('transaction_timeout', greatest(1,", "set_config('transaction_timeout', greatest(60000,")
    .replaceAll('clock_timestamp()', 'public.told()')
    .replaceAll('transaction_timestamp()', 'public.told_at_begin()')
    .replaceAll(/\bnow\(\)/g, 'public.told_at_begin()');
}

/** Installs a gate with everything that is there before the first command. `change` bends its SQL. */
export async function withTemplate<T>(
  of: { readonly version: Version; readonly now: number; readonly change?: (text: string) => string },
  use: (template: Template) => Promise<T>,
): Promise<T> {
  const { version, now, change = (text) => text } = of;
  const further = Object.fromEntries(
    Object.entries(people)
      .filter(([name]) => !['ana', 'ben', 'ira'].includes(name))
      .map(([name, { level, device }]) => [name, signer(name, level, device === 'bound' ? 0x05 : 0x1d)]),
  );
  const sealedOf = (name: string): Promise<SealedRelease> =>
    withFolder(releaseFiles[name] ?? {}, async (folder) => {
      await sealRelease(folder);
      return await readSealed(folder);
    });
  const [way, apart] = [await sealedOf('way'), await sealedOf('apart')];
  const server = await startLoopbackServer(version);
  try {
    const moment = `insert into public.moments values ('2000-01-01Z', '${instant(now)}')`;
    const plan = {
      files: releaseFiles['small'] ?? {},
      application: ['create table o (i integer)', 'create table p (i integer)', 'create table q (i integer)'],
      owned: { server: server.connection('postgres'), installer: null },
      policy: written('strict', policies['strict'] as Rules),
      further: registryOf(Object.values(further)).persons,
      // the gate's tables have defaults that ask it, so it is there before them
      change: (text: string) => [...clock, moment, clocked(change(text))].join(';\n'),
    };
    return await withGate(version, plan, async (gated) => {
      await withSession(gated.database, async (session) => applyGate(session, await planLoopback(session, null)));
      // they came into force by the server's clock
      await runSql(gated.database, ['update gate.documents set accepted_at = public.told()']);
      await gated.as('oneroof_relay', (relay) => submitRelease(relay, gated.sealed));
      await runSql(gated.database, [
        `update gate.first_seen set received_at = public.told() - interval '${handedInBefore} milliseconds'`,
      ]);
      return await use({
        gated,
        signers: { ...gated.people, ...further },
        sealed: { small: gated.sealed, way, apart },
        rehearsed: new Map(),
      });
    });
  } finally {
    await server.server.stop();
  }
}

/** How long a session waits for a lock before it is refused. */
const lockTimeout = '80ms';

/** A copy of the template, and everybody's sessions. */
export async function withReal<T>(template: Template, use: (real: Real) => Promise<T>): Promise<T> {
  return await withCopy(template.gated, async (database) => {
    const open = (user: string): Promise<Session> =>
      openSession(
        { ...database, user },
        {
          applicationName: 'test',
          timeouts: "server's",
          settings: { lock_timeout: lockTimeout, search_path: 'public' },
        },
      );
    const sessions = {
      one: await open('oneroof_executor'),
      two: await open('oneroof_executor'),
      relay: await open('oneroof_relay'),
      observer: await open('oneroof_observer'),
      owner: await open('app_owner'),
      // sees what every session does
      admin: await open(database.user),
    };
    try {
      return await use(realOf({ template, database, sessions }));
    } finally {
      for (const session of Object.values(sessions)) await session.close();
    }
  });
}

interface Parts {
  readonly template: Template;
  readonly database: Connection;
  readonly sessions: Readonly<Record<Name | 'relay' | 'observer' | 'owner' | 'admin', Session>>;
}

/** `insert into t values (9)`, as everybody else changes the application. */
const rowsSql: Readonly<Record<string, readonly [add: string, remove: string]>> = {
  t9: ['insert into t values (9)', 'delete from t where i = 9'],
  null: ['insert into t values (null)', 'delete from t where i is null'],
  p1: ['insert into p values (1)', 'delete from p where i = 1'],
};

/** What makes a schema of the model where there is none of it. */
function statementsOf({ table, drift, index }: World['data']): readonly string[] {
  return [
    ...(table ? ['create table n (i integer)'] : []),
    ...(drift ? ["comment on table t is 'drift'"] : []),
    ...{
      none: [],
      valid: ['create unique index pi on p (i)'],
      another: [anotherIndex],
      // it fails, and leaves what a build that failed leaves
      invalid: ['insert into p values (1), (1)', 'create unique index concurrently pi on p (i)', 'delete from p'],
    }[index.is],
  ];
}

const anotherIndex = 'create index pi on p ((i + 1))';

function realOf({ template, database, sessions }: Parts): Real {
  const { gated, signers, sealed } = template;
  const { relay, observer, owner, admin } = sessions;
  const bodies = new Map<string, string>();
  const descriptors = new Map<string, TargetDescriptor>();
  const documents = new Map<string, string>([
    ['strict', canonicalJson(gated.policy)],
    ['first', canonicalJson(gated.registry)],
  ]);
  const textOf = (token: string): string => documents.get(token) ?? '';
  const digestOf = (kind: 'registry' | 'policy', token: string): Digest => digest(kind, [textOf(token)]);
  const bodyOf = (id: string): string => bodies.get(id) ?? '';
  const named = (id: string): string => statementDigest(bodyOf(id));
  const sealOf = (name: string): string => sealed[name]?.seal ?? digest('evidence', [name]);
  const opened = (opens: Extract<Statement, { kind: 'ratification' }>['opens']): Opens =>
    (opens.what === 'rollout' ? opens : { ...opens, cycle: named(opens.cycle) }) as Opens;

  async function describe(release: string, world: World): Promise<TargetDescriptor> {
    // a session of the executor that waits meanwhile would be ended
    const key = `${release} on ${schemaOf(world.data)}`;
    const schema =
      template.rehearsed.get(key) ??
      note(
        release === 'apart' ? await rehearseApart(world) : await rehearseIn(database, sealed[release] ?? gated.sealed),
      );
    template.rehearsed.set(key, schema);
    const found = await describeGate(observer);
    return { format: 1, ...found.facts, schema };
  }

  /** What runs outside of transactions is rehearsed in a copy of its own, with the schema of now. */
  async function rehearseApart(world: World): Promise<Footprint> {
    return await withCopy(
      gated,
      async (copy) => {
        await withSession({ ...copy, user: 'app_owner' }, async (session) => {
          for (const text of ['set search_path = public', ...statementsOf(world.data)])
            await session.run(text).catch((error: unknown) => {
              if (!text.includes('concurrently')) throw error;
            });
        });
        return await rehearseThere(copy, sealed['apart'] as SealedRelease);
      },
      'rehearsed',
    );
  }

  async function write(statement: Statement, world: World): Promise<string> {
    const nonce = createHash('sha256').update(statement.id).digest('hex').slice(0, 32);
    if ('of' in statement) {
      const about = world.statements[statement.of];
      const name = about?.kind === 'ratification' ? about.release : statement.kind;
      const of = named(statement.of);
      const seal = about?.kind === 'ratification' ? sealOf(about.release) : of;
      return statement.kind === 'revocation'
        ? writeStatement({ kind: 'revocation', subject: { name, digest: of }, predicate: { reason: 'wrong', nonce } })
        : writeStatement({
            kind: 'decline',
            subject: { name, digest: seal },
            predicate: { decision: 'decline', reason: 'not now', statement: of, nonce },
          });
    }
    const window = { notBefore: instant(statement.notBefore), expires: instant(statement.expires) };
    if (statement.kind !== 'ratification') {
      const { kind, document, previous, number } = statement;
      const next = world.documents[document];
      const version = next?.kind === 'registry' ? { version: next.registry.version } : {};
      return writeStatement({
        kind,
        subject: { name: kind, digest: digestOf(kind, document) },
        predicate: { ...version, previous: digestOf(kind, previous), number, ...window, nonce },
      });
    }
    const descriptor = await describe(statement.release, world);
    descriptors.set(statement.id, descriptor);
    const leaf = Buffer.concat([Buffer.from([0]), Buffer.from(canonicalJson(descriptor))]);
    const registry = world.documents[statement.registry];
    return writeStatement<Ratification>({
      kind: 'ratification',
      subject: { name: statement.release, digest: sealOf(statement.release) },
      predicate: {
        decision: 'ratify',
        targets: { root: createHash('sha256').update(leaf).digest('hex'), size: 1 },
        evidence: [{ kind: statement.evidence, digest: digest('evidence', ['x']) }],
        rehearsedAt: instant(statement.rehearsedAt),
        policy: digestOf('policy', statement.policy),
        registry: {
          version: registry?.kind === 'registry' ? registry.registry.version : 0,
          digest: digestOf('registry', statement.registry),
        },
        authors: statement.authors,
        opens: opened(statement.opens),
        ...window,
        log: { size: 0, root: '0'.repeat(64) },
        dossier: digest('dossier', ['']),
        sealedAt: instant(statement.sealedAt),
        nonce,
      },
    });
  }

  function draft(document: Document): void {
    const text =
      document.kind === 'policy'
        ? written(document.token, document.policy)
        : registryOf(
            // sorted, as a registry is
            Object.values(signers)
              .filter(({ id }) => document.registry.people.includes(id))
              .sort((a, b) => (a.id < b.id ? -1 : 1)),
            {
              version: document.registry.version,
              previous: document.registry.previous === null ? null : digestOf('registry', document.registry.previous),
            },
          );
    documents.set(document.token, canonicalJson(text));
  }

  async function act(action: Action, world: World): Promise<Outcome> {
    switch (action.do) {
      case 'clock':
        await owner.query(sql`insert into moments values (clock_timestamp(), ${instant(action.to)}::timestamptz)`);
        return 'ok';
      case 'propose':
        bodies.set(action.statement.id, await write(action.statement, world));
        return 'ok';
      case 'draft':
        draft(action.document);
        return 'ok';
      case 'submit': {
        const body = bodyOf(action.statement);
        const by = signers[action.by] as Signer;
        const signature = assertion(by, action.over === 'it' ? body : `${body} `);
        await submitSignature(relay, body, signature);
        return 'ok';
      }
      case 'target': {
        const statement = statementDigest(bodyOf(action.statement));
        const descriptor = descriptors.get(action.statement) as TargetDescriptor;
        await submitTargetOf(relay, { statement, descriptor, place: 0, proof: [] });
        return 'ok';
      }
      case 'release':
        await submitRelease(relay, sealed[action.name] as SealedRelease);
        return 'ok';
      case 'accept': {
        const kind = world.documents[action.document]?.kind ?? 'policy';
        await acceptDocument(relay, { kind, document: textOf(action.document) });
        return 'ok';
      }
      case 'rows': {
        const { effect } = action;
        const row = 'add' in effect ? effect.add : 'remove' in effect ? (effect.remove[0] ?? '') : '';
        await owner.run(rowsSql[row]?.['add' in effect ? 0 : 1] ?? '');
        return 'ok';
      }
      case 'ready':
        await owner.run(
          action.rows === 0
            ? 'delete from readiness'
            : 'insert into readiness select 1 where not exists (select from readiness)',
        );
        return 'ok';
      case 'definer':
        await owner.run(`create function fresh() returns integer language sql security definer as 'select 1'`);
        return 'ok';
      case 'drift':
        await owner.run(`comment on table t is ${action.drift ? "'drift'" : 'null'}`);
        return 'ok';
      case 'index':
        await owner.run(action.to === 'none' ? 'drop index if exists pi' : anotherIndex);
        return 'ok';
      case 'ask': {
        const [row] = await observer.query<{ why: string | null }>(
          sql`select gate.why_closed(${named(action.statement)}, ${action.direction}) as why`,
        );
        // in a transaction that cannot write, where alone the gate measures; what holds after a tier is not asked of the model
        await observer.run('begin read only');
        const [tier] = await observer.query<{ code: string | null }>(sql`
          select split_part(c ->> 'why', ':', 1) as code from gate.verdict(${named(action.statement)}, ${action.direction}) v
            cross join jsonb_array_elements(v -> 'closed') with ordinality as e(c, n)
          where (c ->> 'tier' is null or c ->> 'tier' = v ->> 'next') and c ->> 'why' !~ '^invariant' order by n limit 1`);
        await observer.run('commit');
        return `${row?.why?.split(':')[0] ?? 'open'}, and a tier: ${tier?.code ?? 'free'}`;
      }
      default:
        return await executed(action, world.sessions[action.session].transaction !== null);
    }
  }

  async function executed(action: Extract<Action, { readonly session: Name }>, isWithin: boolean): Promise<Outcome> {
    const session = sessions[action.session];
    switch (action.do) {
      case 'begin':
        // within a transaction its mode would be set
        await session.run(isWithin ? 'begin' : `begin isolation level ${action.isolation}`);
        return 'ok';
      case 'savepoint':
        await session.run(`savepoint s${viewDepth(action.session)}`);
        depths[action.session] += 1;
        return 'ok';
      case 'rollback-to':
        await session.run(`rollback to savepoint s${action.depth}`);
        depths[action.session] = action.depth + 1;
        return 'ok';
      case 'release-savepoint':
        await session.run(`release savepoint s${action.depth}`);
        depths[action.session] = action.depth;
        return 'ok';
      case 'rollback':
        depths[action.session] = 0;
        await session.run('rollback');
        await untilIdle();
        return 'ok';
      case 'constraints':
        await session.run('set constraints all immediate');
        return 'ok';
      case 'commit':
        depths[action.session] = 0;
        await session.run(action.form).finally(untilIdle);
        // a tier that was entered has reset the session's settings, and a wait without a bound would end with the other session
        await session.query(sql`select set_config('lock_timeout', ${lockTimeout}, false)`);
        return 'ok';
      case 'attempt': {
        const [row] = await session.query<{ epoch: string }>(
          sql`select gate.begin_attempt(${named(action.cycle)}, ${action.direction})::text as epoch`,
        );
        return `ok ${row?.epoch}`;
      }
      case 'enter':
      case 'leave': {
        const { direction, tier, epoch } = action;
        const cycle = named(action.cycle);
        await session.query(
          action.do === 'enter'
            ? sql`select gate.enter_tier(${cycle}, ${direction}, ${tier}, ${epoch}::bigint)`
            : sql`select gate.leave_tier(${cycle}, ${direction}, ${tier}, ${epoch}::bigint)`,
        );
        return 'ok';
      }
      case 'send':
      case 'poll':
      case 'decide':
      case 'clear':
        return await called(action, isWithin);
      case 'batch':
      case 'step':
      case 'outside': {
        const { direction, tier, n, text } = action;
        const cycle = named(action.cycle);
        await session.query(
          {
            step: sql`select gate.run_step(${cycle}, ${direction}, ${tier}, ${n}::integer, ${text})`,
            batch: sql`select gate.run_batch(${cycle}, ${direction}, ${tier}, ${n}::integer, ${text})`,
            outside: sql`select gate.outside_begin(${cycle}, ${direction}, ${tier}, ${n}::integer, ${text})`,
          }[action.do],
        );
        return 'ok';
      }
    }
  }

  /** The server works on what was sent by itself: the model has it end at once. What was sent is not there at once either. */
  async function untilIdle(): Promise<void> {
    for (let left = 1000; left > 0; left -= 1) {
      const working = await admin.query(
        sql`select from pg_stat_activity where usename = 'oneroof_runner' and datname = current_database() and (state = 'active' or query !~ '^(create|drop|reindex|vacuum) ')`,
      );
      if (working.length === 0) return;
      await wait(10);
    }
    throw new Error('what was sent does not end');
  }

  async function called(
    action: Extract<Action, { readonly do: 'send' | 'poll' | 'decide' | 'clear' }>,
    isWithin: boolean,
  ): Promise<Outcome> {
    const session = sessions[action.session];
    const [cycle, epoch] = [named(action.cycle), action.epoch];
    const one = async (call: Sql): Promise<string | null> =>
      (await session.query<{ v: string | null }>(call))[0]?.v ?? null;
    switch (action.do) {
      case 'send': {
        const problem = await one(sql`select gate.outside_send(${cycle}, ${epoch}::bigint, ${action.text}) as v`);
        if (problem !== null) return 'ok not sent';
        // it waits for this transaction
        if (!isWithin) await untilIdle();
        return 'ok';
      }
      case 'poll':
        for (let left = 25; left > 0; left -= 1) {
          if ((await one(sql`select gate.outside_poll(${cycle}, ${epoch}::bigint)::text as v`)) === 'false')
            return 'ok over';
          // who hangs up is not gone at once
          await wait(20);
        }
        return 'ok running';
      case 'decide':
        return `ok ${await one(sql`select gate.outside_decide(${cycle}, ${epoch}::bigint) as v`)}`;
      case 'clear':
        await session.query(sql`select gate.outside_clear(${cycle}, ${epoch}::bigint)`);
        return 'ok';
    }
  }

  const depths: Record<Name, number> = { one: 0, two: 0 };
  const viewDepth = (name: Name): number => depths[name];

  return {
    perform: async (action, before) => {
      try {
        return await act(action, before);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== null) return refusal.code;
        const state: unknown = error instanceof Error ? Reflect.get(error, 'code') : null;
        if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state)) return state;
        throw error;
      }
    },
    summary: async () => {
      const [found] = await owner.query<{ rows: string; n: string; index: string }>(sql`
        select coalesce((select json_agg(r order by r) from (
            select coalesce('t' || i, 'null') || ':' || count(*) as r from t group by i
            union all select 'o' || i || ':' || count(*) from o group by i
            union all select 'p' || i || ':' || count(*) from p group by i
            union all select 'q' || i || ':' || count(*) from q group by i) as x), '[]')::text as rows,
          coalesce((select case when not i.indisvalid then 'invalid' when i.indisunique then 'valid' else 'another' end
            from pg_catalog.pg_index i where i.indexrelid = to_regclass('pi')), 'none') as index,
          (select count(*) from pg_catalog.pg_tables where tablename = 'n')::text as n`);
      const steps: string[] = [];
      const markers: string[] = [];
      const ids = new Map([...bodies].map(([id, body]) => [statementDigest(body) as string, id]));
      const cycles = await observer.query<{ statement: string; done: string }>(
        sql`select statement, done::text as done from gate.status()`,
      );
      for (const { statement, done } of cycles) {
        const id = ids.get(statement) ?? '?';
        for (const { direction, tier } of JSON.parse(done) as { direction: string; tier: string }[])
          markers.push(`${id} ${direction} ${tier}`);
        const ran = await observer.query<{ direction: string; tier: string }>(
          sql`select direction, tier from gate.steps_of(${statement})`,
        );
        for (const { direction, tier } of ran) steps.push(`${id} ${direction} ${tier}`);
      }
      const rows = (JSON.parse(found?.rows ?? '[]') as string[]).sort();
      const sent = await admin.query<{ statement: string; rest: string }>(
        sql`select statement, concat_ws(' ', direction, tier, n, phase) as rest from gate.outside`,
      );
      const sendings = sent.map(({ statement, rest }) => `${ids.get(statement) ?? '?'} ${rest}`).sort();
      return JSON.stringify({
        rows,
        table: found?.n === '1',
        index: found?.index,
        steps: steps.sort(),
        markers: markers.sort(),
        sendings,
      });
    },
  };
}
