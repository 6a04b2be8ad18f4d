import { describe, expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Session, sql } from '../../src/database/index.ts';
import { type StatementDigest, writeStatement } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import {
  checkAgainst,
  parsePolicyDocument,
  parseRegistry,
  type Policy,
  type Registry,
  registryDocument,
  rights,
  unnamedAuthenticator,
  virtualAuthenticator,
} from '../../src/people/index.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { certify } from './vendor.io.ts';
import { assertion, type Gated, policyOf, registryOf, runTier, signer, withGate } from './cycle.io.ts';

type Kind = 'registry' | 'policy';
const day = 86_400_000;
const withWindow = {
  policy: { production: true, window: { longest: day, review: 1, rollback: day } as Policy['window'] },
} as const;

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Has a document signed by a quorum, and hands it in. */
async function accept(gated: Gated, kind: Kind, document: unknown): Promise<void> {
  const { ana, ben } = gated.people;
  const text = canonicalJson(document);
  const previous = digest(kind, [canonicalJson(gated[kind])]);
  const follows = { previous, number: 1, notBefore: at(-60_000), expires: at(3_600_000), nonce: 'a'.repeat(32) };
  const subject = { name: kind, digest: digest(kind, [text]) };
  const body =
    kind === 'registry'
      ? writeStatement({ kind, subject, predicate: { version: 2, ...follows } })
      : writeStatement({ kind, subject, predicate: follows });
  await gated.as('oneroof_relay', async (session) => {
    for (const one of [ana, ben]) await submitSignature(session, body, assertion(one, body));
    await session.query(sql`select gate.accept(${kind}, ${text})`);
  });
}

const next = ({ registry }: Gated, change: (persons: Registry['persons']) => readonly unknown[]): object => ({
  ...registry,
  version: 2,
  previous: digest('registry', [canonicalJson(registry)]),
  persons: change(registry.persons),
});
const first = (persons: readonly unknown[], more: object): readonly unknown[] =>
  persons.map((one, index) => (index === 0 ? { ...(one as object), ...more } : one));
const software = (may: unknown): object => ({
  id: 'ci',
  key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`,
  may,
});
/** What vouches for a key, by form alone, and the certificate of an authority. */
const attestation = { at: '2026-01-01T00:00:00.000Z', object: 'oWNmbXQ', clientData: 'e30' };
const root = certify({}).der.toString('base64');
const model = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const other = 'ee882879-721c-4913-9775-3dfcce97072a';

/** What would come into force next, and the code that refuses it; null: it is taken. */
type Case = readonly [name: string, kind: Kind, make: (gated: Gated) => unknown, code: string | null];
const documents: readonly Case[] = [
  ['the same persons', 'registry', (gated) => next(gated, (persons) => persons), null],
  [
    'keys with an attestation',
    'registry',
    (gated) =>
      next(gated, (persons) =>
        persons.map((one) => ({ ...one, keys: one.keys.map((key) => ({ ...key, attestation })) })),
      ),
    null,
  ],
  [
    'roots that nobody looks at',
    'policy',
    ({ policy }) => ({ ...policy, authenticators: { aaguids: null, attestation: 'none', roots: [root] } }),
    'document',
  ],
  ['a person twice', 'registry', (gated) => next(gated, ([one, ...rest]) => [one, one, ...rest]), 'document'],
  [
    'a key twice',
    'registry',
    (gated) =>
      next(gated, ([one, two, ...rest]) => [
        one,
        { ...two, keys: one!.keys.map((key) => ({ ...key, credential: 'AAAA' })) },
        ...rest,
      ]),
    'document',
  ],
  [
    'a credential twice',
    'registry',
    (gated) =>
      next(gated, ([one, two, ...rest]) => [
        one,
        { ...two, keys: two!.keys.map((key) => ({ ...key, credential: one!.keys[0]!.credential })) },
        ...rest,
      ]),
    'document',
  ],
  ['a level of ten', 'registry', (gated) => next(gated, (persons) => first(persons, { level: 10 })), 'document'],
  ['a level of none', 'registry', (gated) => next(gated, (persons) => first(persons, { level: 0 })), 'document'],
  ['a level that is text', 'registry', (gated) => next(gated, (persons) => first(persons, { level: '4' })), 'document'],
  [
    'a name that turns the line around',
    'registry',
    (gated) => next(gated, (persons) => first(persons, { name: 'a\u202eb' })),
    'document',
  ],
  [
    'a name with a space before it',
    'registry',
    (gated) => next(gated, (persons) => first(persons, { name: '\u00a0a' })),
    'document',
  ],
  [
    'a name of 100 characters',
    'registry',
    (gated) => next(gated, (persons) => first(persons, { name: '\u{1f600}'.repeat(100) })),
    null,
  ],
  ['a member more', 'registry', (gated) => next(gated, (persons) => first(persons, { admin: true })), 'document'],
  ['no order', 'registry', (gated) => next(gated, (persons) => persons.toReversed()), 'document'],
  [
    'a point that is none',
    'registry',
    (gated) =>
      next(gated, (persons) =>
        first(persons, { keys: persons[0]!.keys.map((key) => ({ ...key, x: '0'.repeat(64) })) }),
      ),
    'document',
  ],
  [
    'a credential of another spelling',
    'registry',
    (gated) =>
      next(gated, (persons) => first(persons, { keys: persons[0]!.keys.map((key) => ({ ...key, credential: 'AB' })) })),
    'document',
  ],
  ...(
    [
      [['seal'], null],
      [[...rights], null],
      [[], 'document'],
      [['seal', 'look'], 'document'],
      [['seal', 'seal'], 'document'],
      [['look', 'ratify'], 'document'],
      [[1], 'document'],
      ['seal', 'document'],
      [null, 'document'],
    ] as const
  ).map(
    ([may, expected]): Case => [
      `software that may ${JSON.stringify(may)}`,
      'registry',
      (gated) => ({
        ...next(gated, (persons) => persons),
        software: [software(may)],
      }),
      expected,
    ],
  ),
  ['nobody', 'registry', (gated) => next(gated, () => []), 'unfillable'],
  [
    'nobody of level four',
    'registry',
    (gated) => next(gated, (persons) => persons.map((one) => ({ ...one, level: 2 }))),
    'unfillable',
  ],
  [
    'no key that is bound',
    'registry',
    (gated) =>
      next(gated, (persons) =>
        persons.map((one) => ({ ...one, keys: one.keys.map((key) => ({ ...key, device: 'synced' })) })),
      ),
    'unfillable',
  ],
  [
    'a key of software',
    'registry',
    (gated) =>
      next(gated, (persons) => [
        ...persons,
        {
          ...registryOf([signer('zoe', 1)]).persons[0]!,
          keys: [{ ...registryOf([signer('zoe', 1)]).persons[0]!.keys[0]!, aaguid: unnamedAuthenticator }],
        },
      ]),
    'authenticator',
  ],
  ['another name', 'policy', ({ policy }) => ({ ...policy, name: 'next' }), null],
  ['no seats', 'policy', ({ policy }) => ({ ...policy, seats: [] }), 'document'],
  ['no quorum', 'policy', ({ policy }) => ({ ...policy, quorum: [] }), 'document'],
  [
    'a seat of level nine',
    'policy',
    ({ policy }) => ({ ...policy, seats: [{ level: 9, device: 'any' }] }),
    'unfillable',
  ],
  [
    'a quorum of level five',
    'policy',
    ({ policy }) => ({ ...policy, quorum: [{ level: 5, device: 'any' }] }),
    'unfillable',
  ],
  [
    'more seats than persons where a tier is one-way',
    'policy',
    ({ policy }) => ({ ...policy, oneWaySeats: [1, 1].map((level) => ({ level, device: 'any' })) }),
    'unfillable',
  ],
  [
    'a hold point that nobody can pass',
    'policy',
    ({ policy }) => ({ ...policy, holdPoints: [{ before: '1-rows', seats: [{ level: 9, device: 'any' }] }] }),
    'unfillable',
  ],
  [
    'a hold point twice',
    'policy',
    ({ policy }) => ({
      ...policy,
      holdPoints: ['1-rows', '1-rows'].map((before) => ({ before, seats: policy.seats })),
    }),
    'document',
  ],
  [
    'a list of models that nobody has',
    'policy',
    ({ policy }) => ({ ...policy, authenticators: { aaguids: [other], attestation: 'none' } }),
    'unfillable',
  ],
  [
    'the models that everybody has',
    'policy',
    ({ policy }) => ({ ...policy, authenticators: { aaguids: [model], attestation: 'none' } }),
    null,
  ],
  [
    'no model at all',
    'policy',
    ({ policy }) => ({ ...policy, authenticators: { aaguids: [], attestation: 'none' } }),
    'document',
  ],
  [
    'the model of software',
    'policy',
    ({ policy }) => ({ ...policy, authenticators: { aaguids: [model, virtualAuthenticator], attestation: 'none' } }),
    'document',
  ],
  ...(
    [
      [['ci'], null],
      [['ci', 'runner.2'], null],
      [[], 'document'],
      [['runner.2', 'ci'], 'document'],
      [['ci', 'ci'], 'document'],
      [['CI'], 'document'],
      [[1], 'document'],
      ['ci', 'document'],
      [null, 'document'],
    ] as const
  ).map(
    ([by, expected]): Case => [
      `rehearsals by ${JSON.stringify(by)}`,
      'policy',
      ({ policy }) => ({ ...policy, rehearsal: { ...policy.rehearsal, by } }),
      expected,
    ],
  ),
  [
    'a review that is longer than the validity',
    'policy',
    ({ policy }) => ({ ...policy, window: { longest: 1, review: 2, rollback: 1 } }),
    'document',
  ],
  [
    'a validity of two years',
    'policy',
    ({ policy }) => ({ ...policy, window: { longest: 731 * day, review: 1, rollback: 1 } }),
    'document',
  ],
  ['a page without TLS', 'policy', ({ policy }) => ({ ...policy, origin: 'http://gate.example.org' }), 'document'],
  ['a page of another site', 'policy', ({ policy }) => ({ ...policy, origin: 'https://gate.example.net' }), 'document'],
  ['a page below the site', 'policy', ({ policy }) => ({ ...policy, origin: 'https://a.gate.example.org:8443' }), null],
  [
    'a page with the port of its scheme',
    'policy',
    ({ policy }) => ({ ...policy, origin: 'https://gate.example.org:443' }),
    'document',
  ],
  ['localhost', 'policy', ({ policy }) => ({ ...policy, origin: 'https://localhost', rpId: 'localhost' }), 'document'],
  ['no form', 'policy', () => ({}), 'document'],
];

/** What Node says of the same document: its forms, then how it fits the other one. */
function nodeSays(gated: Gated, kind: Kind, document: unknown): string | null {
  const text = canonicalJson(document);
  const written = { file: kind, text };
  if (kind === 'registry') {
    const read = parseRegistry(written);
    if (!read.ok || registryDocument(read.value) !== text) return 'document';
    return codeOf(gated.policy, read.value);
  }
  const read = parsePolicyDocument(written);
  return read.ok ? codeOf(read.value, gated.registry) : 'document';
}

function codeOf(policy: Policy, registry: Registry): string | null {
  const [mismatch] = checkAgainst(policy, registry);
  if (mismatch === undefined) return null;
  return mismatch.code === 'SEATS_UNFILLABLE' ? 'unfillable' : 'authenticator';
}

/** What the database's functions say of a document, without a quorum. */
async function databaseSays(
  session: Session,
  of: { gated: Gated; kind: Kind; document: unknown },
): Promise<string | null> {
  const { gated, kind } = of;
  const text = canonicalJson(of.document);
  const [policy, registry] =
    kind === 'policy' ? [text, canonicalJson(gated.registry)] : [canonicalJson(gated.policy), text];
  const [row] = await session.query<{ form: string | null; fits: string | null }>(
    kind === 'policy'
      ? sql`select f as form, case when f is null then gate.mismatch(${policy}::jsonb, ${registry}::jsonb) end as fits from gate.policy_problem(${text}::jsonb) f`
      : sql`select f as form, case when f is null then gate.mismatch(${policy}::jsonb, ${registry}::jsonb) end as fits from gate.registry_problem(${text}::jsonb) f`,
  );
  return row?.form == null ? (row?.fits?.split(':')[0] ?? null) : 'document';
}

/** Every way in which one part of a value can be another one: left out, null, of another type, empty, twice. */
function* bent(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  const is = Array.isArray(value);
  for (const [name, part] of Object.entries(value)) {
    const put = (to: unknown): unknown => (is ? (value as unknown[]).with(Number(name), to) : { ...value, [name]: to });
    yield is
      ? (value as unknown[]).toSpliced(Number(name), 1)
      : Object.fromEntries(Object.entries(value).filter(([one]) => one !== name));
    for (const to of [
      null,
      0,
      1,
      -1,
      10,
      '',
      'x',
      [],
      {},
      true,
      false,
      [part],
      part === null ? [model] : `${String(part)}0`,
    ])
      yield put(to);
    for (const inner of bent(part)) yield put(inner);
  }
  if (is && value.length > 0) yield [...(value as unknown[]), (value as unknown[])[0]];
  if (!is) yield { ...value, more: 1 };
}

describe.each(newest)('the next registry or policy in PostgreSQL %s', (version) => {
  it('is accepted where it locks no one out, and refused with its reason otherwise', { timeout: 200_000 }, async () => {
    await withGate(version, withWindow, async (gated) => {
      for (const [name, kind, make, code] of documents) {
        const document = make(gated);
        expect([name, nodeSays(gated, kind, document)]).toEqual([name, code]);
        const done = await accept(gated, kind, document).then(
          () => null,
          (error: Error) => error.message,
        );
        expect([name, done === null ? null : /^gate: ([a-z-]+): ./.exec(done)?.[1]]).toEqual([name, code]);
        // the next one is judged from the same beginning
        if (code === null) await runSql(gated.database, ['delete from gate.documents where number > 2']);
      }
    });
  });

  it('is judged by Node and the database alike, whatever part of it is bent', { timeout: 200_000 }, async () => {
    await withGate(version, withWindow, async (gated) => {
      await gated.as(gated.database.user, async (session) => {
        const seen = new Map<string | null, number>();
        const good: readonly (readonly [Kind, unknown])[] = [
          ['registry', { ...next(gated, (persons) => persons.slice(0, 2)), software: [software(['look', 'seal'])] }],
          [
            'policy',
            {
              ...gated.policy,
              rehearsal: { ...gated.policy.rehearsal, by: ['ci', 'runner'] },
              holdPoints: [{ before: '1-rows', seats: [{ level: 4, device: 'bound' }] }],
            },
          ],
        ];
        for (const [kind, document] of good)
          for (const one of bent(document)) {
            const node = nodeSays(gated, kind, one);
            const database = await databaseSays(session, { gated, kind, document: one });
            expect([canonicalJson(one), database]).toEqual([canonicalJson(one), node]);
            seen.set(node, (seen.get(node) ?? 0) + 1);
          }
        expect([...seen.keys()].toSorted()).toEqual(['document', null, 'unfillable']);
      });
    });
  });

  it('takes attestations and the roots of vendors, by the same form as Node', { timeout: 100_000 }, async () => {
    await withGate(version, withWindow, async (gated) => {
      const attested = next(gated, (persons) =>
        persons.slice(0, 1).map((one) => ({ ...one, keys: one.keys.map((key) => ({ ...key, attestation })) })),
      );
      const rooted = {
        ...gated.policy,
        authenticators: { aaguids: null, attestation: 'required', roots: [root, certify({}).der.toString('base64')] },
      };
      await gated.as(gated.database.user, async (session) => {
        const says = async (kind: Kind, document: unknown): Promise<boolean> => {
          const text = canonicalJson(document);
          const [row] = await session.query<{ form: string | null }>(
            kind === 'policy'
              ? sql`select gate.policy_problem(${text}::jsonb) as form`
              : sql`select gate.registry_problem(${text}::jsonb) as form`,
          );
          return row?.form === null;
        };
        const seen = new Set<boolean>();
        for (const [kind, document] of [
          ['registry', attested],
          ['policy', rooted],
        ] as const)
          for (const one of [document, ...bent(document)]) {
            const text = canonicalJson(one);
            const read =
              kind === 'policy' ? parsePolicyDocument({ file: kind, text }) : parseRegistry({ file: kind, text });
            const node = read.ok && (kind === 'policy' || registryDocument(read.value as Registry) === text);
            expect([text, await says(kind, one)]).toEqual([text, node]);
            seen.add(node);
          }
        expect(seen.size).toBe(2);
      });
      // the quorum puts it in force: the database could be installed with it, and can be changed to it
      await accept(gated, 'policy', rooted);
      const [inForce] = await withSession(gated.database, (session) =>
        session.query<{ roots: string }>(
          sql`select ((gate.active('policy')).body::jsonb #> '{authenticators,roots}')::text as roots`,
        ),
      );
      expect(inForce?.roots).toContain(root);
    });
  });

  it('leaves the rollback of what was begun open, and closes the way forward', { timeout: 100_000 }, async () => {
    for (const [kind, document] of [
      [
        'registry',
        (gated: Gated) =>
          next(gated, (persons) => persons.filter(({ id }) => id !== 'ben').map((one) => ({ ...one, level: 9 }))),
      ],
      [
        'policy',
        (gated: Gated) => ({
          ...gated.policy,
          name: 'next',
          seats: [4, 4].map((level) => ({ level, device: 'bound' })),
        }),
      ],
    ] as const)
      await withGate(version, withWindow, async (gated) => {
        const { ana, ben } = gated.people;
        await gated.as('app_owner', (session) => session.run('insert into public.readiness values (1)'));
        const [statement, idle] = [
          await gated.ratify(await gated.ratification(), [ana, ben]),
          await gated.ratify(await gated.ratification(), [ana, ben]),
        ];
        const tier = (direction: 'up' | 'down', name: string): Promise<void> =>
          gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier: name }));
        const why = (of: StatementDigest, direction: string): Promise<string | null> =>
          gated.as('oneroof_observer', async (session) => {
            const [row] = await session.query<{ why: string | null }>(
              sql`select gate.why_closed(${of}, ${direction}) as why`,
            );
            return row?.why ?? null;
          });
        await tier('up', '1-rows');
        await accept(gated, kind, document(gated));
        await expect(tier('up', '2-table')).rejects.toThrow(`gate: ${kind}`);
        expect(await why(statement, 'up')).toContain(`${kind}:`);
        expect(await why(statement, 'down')).toBeNull();
        // what never ran a step has nothing to go back, and gets no way by it
        expect(await why(idle, 'down')).toContain(`${kind}:`);
        // nobody can sign it any more
        const late = submitSignature;
        await expect(
          gated.as('oneroof_relay', async (session) => {
            const [row] = await session.query<{ body: string }>(sql`select gate.statement_body(${statement}) as body`);
            await late(session, row?.body ?? '', assertion(ana, row?.body ?? ''));
          }),
        ).rejects.toThrow(`gate: ${kind}`);
        // what was never accepted here opens nothing
        const forget = sql`update gate.documents set digest = 'sha256:' || digest where number <= 2 and kind = ${kind}`;
        const remember = sql`update gate.documents set digest = substr(digest, 8) where number <= 2 and kind = ${kind}`;
        await gated.as(gated.database.user, (session) => session.query(forget));
        expect(await why(statement, 'down')).toContain(`${kind}:`);
        await expect(tier('down', '1-rows')).rejects.toThrow(`gate: ${kind}`);
        await gated.as(gated.database.user, (session) => session.query(remember));
        await tier('down', '1-rows');
        const [left] = await gated.as('app_owner', (session) =>
          session.query(sql`select count(*)::text as n from public.t`),
        );
        expect(left).toEqual({ n: '1' });
      });
  });
});

describe('a safeguard of the succession that is taken out', () => {
  it.each([
    [
      'what does not fit',
      'if wrong is not null then perform gate.refuse(split_part',
      'if false then perform gate.refuse(split_part',
      'nobody of level four',
    ],
    [
      'the form',
      `if wrong is not null then perform gate.refuse('document'`,
      `if false then perform gate.refuse('document'`,
      'a key twice',
    ],
  ])('%s', async (_what, from, to, name) => {
    const change = (text: string): string => {
      expect(text).toContain(from);
      return text.replace(from, to);
    };
    const [, kind, make] = documents.find((one) => one[0] === name)!;
    await withGate('18', withWindow, (gated) => expect(accept(gated, kind, make(gated))).rejects.toThrow('gate: '));
    await withGate('18', { ...withWindow, change }, (gated) => accept(gated, kind, make(gated)));
  });

  it('the page, once more when persons are counted: a signature of before the policy moved to another one', async () => {
    const attack = (gated: Gated): Promise<void> =>
      gated.as('oneroof_relay', async (session) => {
        const text = canonicalJson(next(gated, (persons) => persons));
        const previous = digest('registry', [canonicalJson(gated.registry)]);
        const body = writeStatement({
          kind: 'registry',
          subject: { name: 'registry', digest: digest('registry', [text]) },
          predicate: {
            version: 2,
            previous,
            number: 1,
            notBefore: at(-60_000),
            expires: at(3_600_000),
            nonce: 'b'.repeat(32),
          },
        });
        for (const one of [gated.people.ana, gated.people.ben])
          await submitSignature(session, body, assertion(one, body));
        await accept(gated, 'policy', { ...gated.policy, origin: 'https://a.gate.example.org' });
        await session.query(sql`select gate.accept('registry', ${text})`);
      });
    const change = (text: string): string => {
      expect(text).toContain(`and starts_with(encode(s.client_data, 'hex')`);
      return text
        .replace(
          `and starts_with(encode(s.client_data, 'hex')`,
          `and (true or starts_with(encode(s.client_data, 'hex')`,
        )
        .replace(`"crossOrigin":false', 'UTF8'), 'hex'))`, `"crossOrigin":false', 'UTF8'), 'hex')))`);
    };
    await withGate('18', withWindow, (gated) => expect(attack(gated)).rejects.toThrow('gate: quorum'));
    await withGate('18', { ...withWindow, change }, attack);
  });

  it('needs a policy that is one: the tests begin with such', () => {
    expect(parsePolicyDocument({ file: 'policy', text: canonicalJson(policyOf(withWindow.policy)) }).ok).toBe(true);
  });
});
