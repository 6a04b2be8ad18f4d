import { describe, expect, it } from 'vitest';
import { readBundle, verifyBundle } from '../../src/bundle/index.ts';
import { readPeople } from '../../src/bundle/people.ts';
import { canonicalJson, type Instant } from '../../src/core/index.ts';
import { readBody, statementDigest } from '../../src/evidence/index.ts';
import { type PeopleRecord } from '../../src/people/index.ts';
import { readers } from '../../src/evidence-kinds/index.ts';
import { descriptor } from '../gate/case.ts';
import { footprintBody } from '../evidence-kinds/bodies.ts';
import { digestOf, keys, time } from '../gate/people.ts';
import {
  back,
  bundleOf,
  evidenceOf,
  forward,
  further,
  type Piece,
  pinned,
  prepared,
  ratified,
  revoked,
  said,
  sealed,
  signaturesOf,
  story,
  transaction,
  whole,
} from './whole-bundle.ts';

const any = { keys: null, policy: null, registry: null };

function codes(pieces: readonly Piece[], trust: Parameters<typeof verifyBundle>[1] = any): readonly string[] {
  return [...new Set(verifyBundle(readBundle(bundleOf(pieces)), trust).problems.map(({ code }) => code))];
}

/** The story with one piece exchanged. */
function withPiece(of: Piece, change: (body: PeopleRecord) => unknown): readonly Piece[] {
  return story.map((piece) => (piece === of ? { ...piece, body: change(piece.body as PeopleRecord) } : piece));
}

const [, both, hold, decline] = ratified;
const [revocation] = back;
if (both === undefined || hold === undefined || decline === undefined || revocation === undefined)
  throw new Error('the story is not whole');

describe('what people signed, in a bundle', () => {
  it('holds, and tells who signed, for which seats, what was rolled out and rolled back', () => {
    const { problems, told } = verifyBundle(readBundle(bundleOf(story)), { keys: null, ...pinned });
    expect(problems).toEqual([]);
    expect(told.roots).toEqual([{ target: 'production', ...pinned }]);
    expect(told.said.map(({ kind, signed, seats }) => [kind, signed.map(({ id }) => id), seats])).toEqual([
      ['ratification', ['ben', 'ana'], { wanted: ['level 2', 'level 4, bound key'], open: null }],
      ['ratification', ['ana'], { wanted: ['level 4'], open: null }],
      ['decline', ['cleo'], null],
      ['revocation', ['dan'], null],
    ]);
    expect(told.said[0]?.signed[1]).toEqual({
      id: 'ana',
      name: 'Ana Example',
      level: 4,
      key: 'bound',
      at: time('3T08:40'),
    });
    expect(told.done.map(({ direction, tier, outcome, ended }) => [direction, tier, outcome, ended])).toEqual([
      ['up', '1-structure', 'applied', time('3T10:00')],
      ['up', '2-owners', 'applied', time('3T10:01')],
      ['up', '3-ownership', 'applied', time('3T10:02')],
      ['down', '3-ownership', 'applied', time('3T12:00')],
      ['down', '2-owners', 'applied', time('3T12:01')],
      ['down', '1-structure', 'applied', time('3T12:02')],
    ]);
  });

  it('begins at the policy and registry that the reader names', () => {
    expect(codes(story, { ...any, registry: digestOf('x') })).toEqual(['BUNDLE_RULES']);
    expect(codes(story, { ...any, policy: digestOf('x') })).toEqual(['BUNDLE_RULES']);
  });

  it.each<[string, readonly Piece[], readonly string[]]>([
    ['without a ratification', [...prepared, ...forward], ['BUNDLE_EXECUTION']],
    ['with one seat open', [...prepared, ...ratified.slice(0, 1), ...forward], ['BUNDLE_EXECUTION']],
    ['without that of the hold point', [...prepared, ...ratified.slice(0, 2), ...forward], ['BUNDLE_EXECUTION']],
    [
      'signed sooner than the policy allows after the database received the release',
      [...prepared, ...ratified.map((one) => received(one, time('3T08:30'))), ...forward],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'where nothing says when the database received the release',
      [...prepared, ...ratified.map((one) => received(one, null)), ...forward],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'under that of the hold point alone',
      [
        ...prepared,
        hold,
        ...transaction('up', '1-structure', time('3T10:00'), { statement: statementDigest(further) }),
      ],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'after it was revoked',
      [...prepared, ...ratified, revocation, ...transaction('up', '1-structure', time('3T11:30'))],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'before it was valid',
      [...prepared, ...ratified, ...transaction('up', '1-structure', time('3T07:59'))],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'after it had expired',
      [...prepared, ...ratified, ...transaction('up', '1-structure', time('4T08:01'))],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'on another target',
      [...prepared, ...ratified, ...transaction('up', '1-structure', time('3T10:00'), { target: 'staging' })],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'a barred tier',
      [...prepared, ...ratified, ...transaction('up', '4-later', time('3T10:00'))],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'more steps than there are',
      [...prepared, ...ratified, ...transaction('up', '1-structure', time('3T10:00'), { steps: [1, 2] })],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'another release',
      [...prepared, ...ratified, ...transaction('up', '1-structure', time('3T10:00'), { release: 'x' })],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'long after the rollback was closed',
      [
        ...story,
        ...transaction('down', '1-structure', time('9T08:00')),
        ...transaction('down', '1-structure', '2026-06-20T08:00:00.000Z' as never),
      ],
      ['BUNDLE_EXECUTION'],
    ],
    ['without its rehearsal', [...prepared.slice(0, 1), ...ratified], ['BUNDLE_PROOF', 'BUNDLE_RATIFICATION']],
    ['from a log that was begun anew', story.toSpliced(0, 1, { ...story[0]!, at: time('2T08:01') }), ['BUNDLE_PROOF']],
  ])('finds a rollout %s', (_what, pieces, expected) => {
    expect(codes(pieces)).toEqual(expected);
  });

  it('does not mind a rollout that was refused, nor the rollback after the window', () => {
    const refused = transaction('up', '4-later', time('3T10:00')).map((piece, n) =>
      n === 0 ? piece : { ...piece, body: { ...(piece.body as object), phase: 'not-applied', reason: 'gate: order' } },
    );
    expect(codes([...prepared, ...ratified, ...refused])).toEqual([]);
    const late = transaction('down', '1-structure', time('9T08:00'));
    expect(codes([...prepared, ...ratified, ...forward, ...late])).toEqual([]);
  });

  it('finds a rehearsal that failed, or that is of another schema or time', () => {
    const damaged = (change: object): readonly Piece[] =>
      story.map((piece) =>
        piece.kind === 'rehearsal' ? { ...piece, body: { ...(piece.body as object), ...change } } : piece,
      );
    for (const change of [
      { outcome: 'failed' },
      { footprint: { ...footprintBody, whole: digestOf('x') } },
      { endedAt: time('2T09:01') },
    ])
      expect(codes(damaged(change))).toEqual(
        expect.arrayContaining(['BUNDLE_PROOF', 'BUNDLE_RATIFICATION', 'BUNDLE_EXECUTION']),
      );
  });
});

/** Every leaf of a JSON value, as a path. */
function leaves(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, part]) =>
    leaves(part, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

/** The same piece; a ratification says that the database first received the release then. */
function received(piece: Piece, firstSeen: Instant | null): Piece {
  if (piece.kind !== 'ratification') return piece;
  return { ...piece, body: withLeaf(piece.body, ['statement', 'firstSeen'], () => firstSeen) } as Piece;
}

function withLeaf(
  value: unknown,
  [name, ...rest]: readonly (string | number)[],
  change: (leaf: unknown) => unknown,
): unknown {
  if (name === undefined) return change(value);
  if (Array.isArray(value)) return value.map((part, n) => (n === name ? withLeaf(part, rest, change) : part));
  return { ...(value as object), [name]: withLeaf(Reflect.get(value as object, name), rest, change) };
}

/** A few other values of the same kind. */
function others(leaf: unknown): readonly unknown[] {
  if (typeof leaf === 'number') return [leaf + 1, 0.5];
  if (typeof leaf !== 'string') return ['x'];
  const flipped = [Math.floor(leaf.length / 2), leaf.length - 1].map(
    (at) => `${leaf.slice(0, at)}${leaf[at] === 'a' ? 'b' : 'a'}${leaf.slice(at + 1)}`,
  );
  return [...new Set([...flipped, ''])].filter((other) => other !== leaf);
}

/** What nobody signs: the database's clock, which only the log's key vouches for. */
const unsigned = (path: readonly (string | number)[]): boolean =>
  ['receivedAt', 'acceptedAt'].includes(String(path.at(-1)));

describe('whoever holds the key of the log', () => {
  it('cannot change any leaf of a record, nor a member of what was signed in it', () => {
    const evidence = evidenceOf(story);
    expect(readPeople(sealed, evidence).faults).toEqual([]);
    let tried = 0;
    const missed: string[] = [];
    for (const of of [both, hold, decline, revocation]) {
      const record = of.body as PeopleRecord;
      const tries: [string, PeopleRecord][] = leaves(record)
        .filter((path) => !unsigned(path))
        .flatMap((path) => {
          const asRecord = (change: (leaf: unknown) => unknown) => withLeaf(record, path, change) as PeopleRecord;
          const leaf = path.reduce<unknown>((part, name) => Reflect.get(part as object, name), record);
          return others(leaf).map((other): [string, PeopleRecord] => [path.join('.'), asRecord(() => other)]);
        });
      // the statement again, with its name made to fit
      const inner = JSON.parse(record.statement.body) as object;
      for (const path of leaves(inner)) {
        const leaf = path.reduce<unknown>((part, name) => Reflect.get(part as object, name), inner);
        for (const other of others(leaf)) {
          const body = canonicalJson(withLeaf(inner, path, () => other));
          const statement = { ...record.statement, body, digest: statementDigest(body) };
          tries.push([`body.${path.join('.')}`, { ...record, statement }]);
        }
      }
      // policy and registry, member by member
      for (const name of of === both ? (['policy', 'registry'] as const) : []) {
        const written = JSON.parse(record.rules.first[name]) as object;
        for (const path of leaves(written)) {
          const leaf = path.reduce<unknown>((part, at) => Reflect.get(part as object, at), written);
          for (const other of others(leaf)) {
            const first = { ...record.rules.first, [name]: canonicalJson(withLeaf(written, path, () => other)) };
            tries.push([`${name}.${path.join('.')}`, { ...record, rules: { ...record.rules, first } }]);
          }
        }
      }
      for (const [what, damaged] of tries) {
        tried += 1;
        const { faults, told } = readPeople(
          sealed,
          evidence.map((piece, n) =>
            story[n] === of ? readBody({ entry: piece.entry, readable: true, body: damaged }, readers) : piece,
          ),
        );
        const [root] = told.roots;
        const isRooted = root?.policy === pinned.policy && root.registry === pinned.registry;
        if (faults.length === 0 && isRooted) missed.push(`${of.kind} ${what}`);
      }
    }
    expect(missed).toEqual([]);
    expect(tried).toBeGreaterThan(700);
  }, 600_000);

  it('cannot drop, duplicate, exchange or move a signature, nor sign in place of a person', () => {
    const signatures = (
      change: (of: PeopleRecord['statement']['signatures']) => PeopleRecord['statement']['signatures'],
    ) =>
      codes(
        withPiece(both, (record) => ({
          ...record,
          statement: { ...record.statement, signatures: change(record.statement.signatures) },
        })),
      );
    expect(signatures((all) => all)).toEqual([]);
    expect(signatures(([ben]) => [ben!])).toEqual(['BUNDLE_EXECUTION']);
    expect(signatures(([, ana]) => [ana!])).toContain('BUNDLE_RATIFICATION');
    expect(signatures(([ben]) => [ben!, ben!])).toContain('BUNDLE_RATIFICATION');
    expect(signatures(() => signaturesOf(further, [keys.ben, keys.ana], time('3T08:40')))).toContain(
      'BUNDLE_RATIFICATION',
    );
    expect(
      signatures(([ben]) => [
        ben!,
        ...signaturesOf(whole, [{ ...keys.mallory, credential: keys.ana.credential }], time('3T08:40')),
      ]),
    ).toContain('BUNDLE_RATIFICATION');
    // the level of mallory fills no seat; an author fills none
    expect(signatures(([ben]) => [ben!, ...signaturesOf(whole, [keys.mallory], time('3T08:40'))])).toEqual([
      'BUNDLE_EXECUTION',
    ]);
    expect(signatures((all) => [...all, ...signaturesOf(whole, [keys.dan], time('3T08:40'))])).toContain(
      'BUNDLE_RATIFICATION',
    );
  });

  it('cannot lead the rules on without a quorum, nor forget one of them later', () => {
    const rules = (change: (of: PeopleRecord['rules']) => PeopleRecord['rules']) =>
      codes(withPiece(both, (record) => ({ ...record, rules: change(record.rules) })));
    expect(rules((all) => ({ ...all, links: [] }))).toContain('BUNDLE_RULES');
    expect(
      rules((all) => ({ ...all, links: all.links.map((link) => ({ ...link, signatures: link.signatures.slice(1) })) })),
    ).toContain('BUNDLE_RULES');
    expect(rules((all) => ({ ...all, links: [...all.links, ...all.links] }))).toContain('BUNDLE_RULES');
  });

  it('cannot say that something was revoked or declined which nobody had ratified', () => {
    expect(codes([...prepared, revocation])).toEqual(['BUNDLE_RATIFICATION']);
    expect(codes([...prepared, decline])).toEqual(['BUNDLE_RATIFICATION']);
    // asked first, and the first one declined: what was asked is named by the target and by all of the statement
    const asked = (target: string) => ({
      kind: 'proposal' as const,
      at: time('3T08:50'),
      body: { version: 1, target, body: (both.body as PeopleRecord).statement.body, descriptor },
    });
    expect(codes([...prepared, asked('production'), decline])).toEqual([]);
    expect(codes([...prepared, asked('elsewhere'), decline])).toEqual(['BUNDLE_RATIFICATION']);
    const forged = said('revocation', revoked, {
      by: [{ ...keys.mallory, credential: keys.dan.credential }],
      at: time('3T09:30'),
    });
    expect(codes([...prepared, ...ratified, forged, ...forward])).toEqual(['BUNDLE_RATIFICATION']);
  });

  it('cannot hide that a revocation came first', () => {
    const early = said('revocation', revoked, { by: [keys.dan], at: time('3T09:30') });
    expect(codes([...prepared, ...ratified, early, ...forward])).toEqual(['BUNDLE_EXECUTION']);
  });
});

it('a proof that nobody asked for, or that is missing, is found', () => {
  const bundle = readBundle(bundleOf(story));
  const after = (logs: unknown) =>
    verifyBundle(readBundle(Buffer.from(`${canonicalJson({ ...bundle, logs })}\n`)), any).problems.map(
      ({ code }) => code,
    );
  expect(after(bundle.logs)).toEqual([]);
  expect(after([])).toEqual(['BUNDLE_PROOF']);
  expect(after([{ size: 1, proof: [] }, ...bundle.logs])).toEqual(['BUNDLE_PROOF']);
  expect(after([...bundle.logs, ...bundle.logs])).toEqual(['BUNDLE_PROOF']);
});
