import { expect, it } from 'vitest';
import { readBundle, verifyBundle } from '../../src/bundle/index.ts';
import { canonicalJson, digest, type Instant, type Milliseconds } from '../../src/core/index.ts';
import { buildDossier, findDossier } from '../../src/dossier/index.ts';
import { type EvidenceKind, evidenceKinds, readBody, readPiece } from '../../src/evidence/index.ts';
import { readHistory } from '../../src/people/index.ts';
import { type KnownEvidence, readers } from '../../src/evidence-kinds/index.ts';
import {
  buildReport,
  type ReleaseContext,
  standingOf,
  toHtml,
  toMarkdown,
  toPrompt,
  toRunbook,
  toSummary,
} from '../../src/report/index.ts';
import { entryPage } from '../../src/site/evidence/log-html.ts';
import { lastFailure } from '../../src/site/problems.ts';
import { historyOf } from '../../src/site/release/release-history.ts';
import { declinesOf } from '../../src/signing/index.ts';
import { proposalsOf } from '../../src/proposal/index.ts';
import { bundleOf, forward, type Piece, prepared, ratified, sealed, whole } from '../bundle/whole-bundle.ts';
import { descriptor } from '../gate/case.ts';
import { time } from '../gate/people.ts';
import { dossierBody, gateBody, goldenBody } from './bodies.ts';

const at = time('3T10:00');
const policy = { rehearsalMaxAge: 604_800_000 as Milliseconds, gateMaxAge: 3_600_000 as Milliseconds };
const { seal } = sealed;
const reading = gateBody({ seal, release: sealed.release.name, readAt: at });
const bodyOf = (pieces: readonly Piece[], kind: EvidenceKind): unknown => pieces.find((one) => one.kind === kind)?.body;
const report = buildReport({ release: sealed, evidence: [], policy, now: at, hrefOf: () => '' });

/** A body of each kind as its stage records it; no stage records the two others. */
const sound: Partial<Record<EvidenceKind, unknown>> = {
  seal: bodyOf(prepared, 'seal'),
  golden: goldenBody(),
  rehearsal: bodyOf(prepared, 'rehearsal'),
  gate: reading,
  ratification: bodyOf(ratified, 'ratification'),
  decline: bodyOf(ratified, 'decline'),
  revocation: { ...(bodyOf(ratified, 'decline') as object) },
  execution: bodyOf(forward, 'execution'),
  review: { version: 1, release: sealed.release.name, seal, finding: 'objects', text: 'no' },
  dossier: dossierBody(),
  proposal: { version: 1, target: 'production', body: whole, descriptor },
  report,
};

const entryOf = (kind: EvidenceKind, index: number) => ({
  index,
  kind,
  digest: digest('evidence', [kind, String(index)]),
  seal,
  recordedAt: at,
  size: 1,
});
const pieceOf = (kind: EvidenceKind, body: unknown, index = 90): KnownEvidence =>
  readBody({ entry: entryOf(kind, index), readable: true, body }, readers);

/** Every path of a JSON value, with what is there. */
function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly [readonly string[], unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return [[path, value], ...Object.entries(value).flatMap(([key, one]) => pathsIn(one, [...path, key]))];
}

function withAt(value: unknown, [key, ...rest]: readonly string[], put: unknown): unknown {
  if (key === undefined) return put;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = withAt(copy[key], rest, put);
  return copy;
}

const nested = (depth: number): unknown => JSON.parse('[{"a":'.repeat(depth) + '1' + '}]'.repeat(depth)) as unknown;
/** What no schema of ours takes anywhere: another type, another version, text that would turn or break a line. */
const odd: readonly (readonly [string, unknown])[] = [
  ['a function that is text', { toString: 'x', valueOf: 1 }],
  ['a number without end', JSON.parse('1e999') as unknown],
  ['deep', nested(200)],
];

/** Damaged bodies of one kind, by what was done to it. */
function damagedOf(body: unknown): readonly (readonly [string, unknown])[] {
  const members = JSON.stringify({ ...(body as object) }).slice(1);
  return [
    ['nothing', null],
    ['text', 'text\u0000\u001b[31m\u202e'],
    ['a list', []],
    ['empty', {}],
    ['only a version', { version: 1 }],
    ['a later version', { ...(body as object), version: 2 }],
    ['a version in words', { ...(body as object), version: 'one' }],
    ['deep beside the rest', { ...(body as object), more: nested(100_000 / 40) }],
    ['a prototype', JSON.parse(`{"__proto__":{"polluted":true},${members}`)],
    ['a prototype within', { ...(body as object), more: [JSON.parse('{"__proto__":{}}')] }],
    ...pathsIn(body)
      .filter(([path]) => path.length > 0 && path.length < 4 && !path.includes('metrics'))
      .flatMap(([path]) =>
        odd.map(([what, put]) => [`${what} at ${path.join('.')}`, withAt(body, path, put)] as const),
      ),
  ];
}

const around: readonly KnownEvidence[] = [...prepared, ...ratified.slice(0, 2)].map(({ kind, body }, n) =>
  pieceOf(kind, body, n),
);

/** What every reader says of the same evidence; none of them may throw. */
function readersOf(piece: KnownEvidence): Readonly<Record<string, string>> {
  const evidence = [...around, piece];
  const built = buildReport({ release: sealed, evidence, policy, now: at, hrefOf: () => '' });
  const occasion: ReleaseContext = {
    sealed,
    target: 'production',
    folder: '.',
    workIn: null,
    report: built,
    reading: reading as never,
    ratifications: { state: 'read', cycles: [] },
  };
  const [item] = historyOf(evidence);
  return {
    report: toMarkdown(built),
    page: toHtml(built),
    json: canonicalJson(built),
    summary: toSummary([built], null),
    prompt: toPrompt(occasion),
    runbook: toRunbook(occasion),
    standing: standingOf(occasion).gate,
    history: `${item?.status?.word ?? ''}: ${item?.detail ?? ''}`,
    entry: entryPage(piece, 'SHA256:x').main.markup,
    failure: JSON.stringify(lastFailure(evidence)),
    asked: JSON.stringify(
      proposalsOf(evidence).length + declinesOf(evidence, { statement: '', registry: null }).length,
    ),
    shown: JSON.stringify(findDossier(evidence, digest('dossier', ['']))),
    people: readHistory(sealed, evidence)
      .broken.map(({ problem }) => problem)
      .join('; '),
    dossier: buildDossier({
      sealed,
      evidence,
      target: 'production',
      production: false,
      reading: { read: false, why: 'no route' },
      now: at as Instant,
    }).rehearsal.problems.join('; '),
  };
}

it.each(Object.entries(sound))('a %s as its stage records it is readable', (kind, body) => {
  expect(pieceOf(kind as EvidenceKind, body)).toMatchObject({ readable: true, body });
});

it.each(evidenceKinds)('a damaged %s is unreadable to every reader, for the same reason', (kind) => {
  let tried = 0;
  for (const [what, body] of damagedOf(sound[kind] ?? { version: 1 })) {
    const piece = pieceOf(kind, body);
    expect([what, piece.readable]).toEqual([what, false]);
    if (piece.readable) continue;
    expect(piece.reason).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
    tried += 1;
    // each of some, and some of each: a report is built for every one
    if (tried > 10 && tried % 40 !== 0) continue;
    const said = readersOf(piece);
    expect(said['history'], what).toBe(`unreadable: ${piece.reason}`);
    expect(said['entry'], what).toContain('unreadable');
    expect(said['standing'], what).toBe('closed');
    expect(said['failure'], what).toBe('null');
    expect(said['asked'], what).toBe('0');
    expect(said['shown'], what).toBe('null');
    if (kind === 'rehearsal') expect(said['dossier'], what).toContain(piece.reason);
    const isOfPeople = kind === 'ratification' || kind === 'decline' || kind === 'revocation';
    if (isOfPeople) expect(said['people'], what).toContain(piece.reason);
    if (isOfPeople || kind === 'seal' || kind === 'golden' || kind === 'rehearsal' || kind === 'gate')
      for (const one of ['report', 'json']) expect(said[one], `${one}: ${what}`).toContain('cannot be read');
    for (const [one, text] of Object.entries(said))
      expect(text.replaceAll('\n', ''), `${one}: ${what}`).not.toMatch(/\p{Cc}/u);
  }
  expect(tried).toBeGreaterThan(9);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

it.each(evidenceKinds)('a bundle with a damaged %s says which entry cannot be read, and why', (kind) => {
  for (const [what, body] of damagedOf(sound[kind] ?? { version: 1 }).slice(0, 10)) {
    // what has no canonical form is never recorded by a program of ours
    if (what.startsWith('a prototype')) continue;
    const piece = pieceOf(kind, body);
    const reason = piece.readable ? '' : piece.reason;
    const { told } = verifyBundle(readBundle(bundleOf([...prepared, { kind, body, at }])), {
      keys: null,
      policy: null,
      registry: null,
    });
    expect(told.unread, what).toEqual([{ index: prepared.length, kind, reason }]);
  }
});

it('a record of a later version says so', () => {
  for (const [kind, body] of Object.entries(sound))
    expect(pieceOf(kind as EvidenceKind, { ...(body as object), version: 2 })).toMatchObject({
      readable: false,
      reason: 'it has version 2; this program reads version 1',
    });
});

it('bytes that two programs could read in two ways are read by none', () => {
  for (const text of ['{"a":1,"a":2}', '{ "a": 1 }', '{"b":1,"a":2}', '{"a":"\\ud800"}', '1e999', '[', '', '\ufeff1']) {
    const bytes = Buffer.from(text);
    const entry = { ...entryOf('gate', 0), digest: digest('evidence', ['gate', bytes]), size: bytes.length };
    expect(readPiece(entry, bytes)).toMatchObject({ readable: false, reason: expect.stringContaining('canonical') });
  }
});
