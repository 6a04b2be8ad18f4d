import { generateKeyPairSync } from 'node:crypto';
import { writeBundle } from '../../src/bundle/index.ts';
import { canonicalJson, type Digest, type Instant } from '../../src/core/index.ts';
import {
  type EvidenceKind,
  leavesOf,
  type Line,
  type Log,
  readBody,
  readLine,
  statementDigest,
  treeRoot,
  writeStatement,
} from '../../src/evidence/index.ts';
import { pieceOf } from '../../src/evidence/blob.ts';
import { nextOf } from '../../src/evidence/log.ts';
import { softwareKey } from '../../src/evidence/sshsig.ts';
import {
  buildRatification,
  type Opens,
  type PeopleRecord,
  policyDigest,
  policyDocument,
  type Registry,
  registryDigest,
  registryDocument,
} from '../../src/people/index.ts';
import { type KnownEvidence, readers } from '../../src/evidence-kinds/index.ts';
import { releaseOfSeal, sealDocument, type Tier, type TierId } from '../../src/release/index.ts';
import { type Execution } from '../../src/rollout/index.ts';
import { footprintBody, goldenBody, rehearsalBody as wholeRehearsal, stageBody } from '../evidence-kinds/bodies.ts';
import { descriptor, proposal, sealed as base } from '../gate/case.ts';
import {
  type Authenticator,
  digestOf,
  keys,
  person,
  policyOf,
  registry as enrolled,
  signed,
  time,
} from '../gate/people.ts';

const stepOf = (name: string) => ({
  sql: name,
  digest: digestOf(name),
  kind: 'SelectStmt',
  title: 'SELECT',
  place: { file: name, line: 1, column: 1 },
  transactional: true,
});
const tier = (id: string): Tier => ({
  id: id as TierId,
  order: Number(id[0]),
  title: id,
  transaction: 'single',
  up: [stepOf(`${id} up`)],
  down: [stepOf(`${id} down`)],
  oneWay: null,
  check: [],
  barred: id.startsWith('4') ? 'not yet' : null,
});

export const tiers = ['1-structure', '2-owners', '3-ownership', '4-later'];
export const document = sealDocument({ ...base.release, tiers: tiers.map(tier) });
const read = releaseOfSeal(document);
if (read === null) throw new Error('the release cannot be read out of its seal');
export const sealed = read;

/** One piece of the story, before it is recorded. */
export interface Piece {
  readonly kind: EvidenceKind;
  readonly body: unknown;
  readonly at: Instant;
}

const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
const key = softwareKey(String(pem));
if (key === null) throw new Error('no key');
const writer = key;

/** Records pieces in a log of its own, as whoever holds the log's key can. */
export function logOf(pieces: readonly Piece[]): {
  readonly log: Log;
  readonly bytes: ReadonlyMap<Digest, Uint8Array>;
} {
  const bytes = new Map<Digest, Uint8Array>();
  let log: Log = { lines: [], checkpoint: null };
  for (const { kind, body, at } of pieces) {
    const made = pieceOf({ kind, seal: sealed.seal, body }, at);
    const next = nextOf(log, { entry: { index: log.lines.length, ...made.piece }, key: writer, origin: 'test/log' });
    bytes.set(made.piece.digest, made.bytes);
    log = { lines: [...log.lines, readLine(next.line) as Line], checkpoint: next.checkpoint };
  }
  return { log, bytes };
}

/** The bundle of a story. */
export function bundleOf(pieces: readonly Piece[]): Buffer {
  const release = { name: sealed.release.name as string, seal: sealed.seal as Digest };
  return Buffer.from(writeBundle({ release, document, ...logOf(pieces) }));
}

/** The registry of the gate, in which the key that writes the log may say everything. */
const first: Registry = {
  ...enrolled,
  software: [{ id: 'agent-1', key: writer.publicKey, may: ['look', 'propose', 'record', 'rehearse', 'seal'] }],
};
export const policy = policyOf();
export const second: Registry = {
  ...first,
  version: 2,
  previous: registryDigest(first),
  persons: [...first.persons, person('mallory', 1, keys.mallory)],
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Signatures over a statement, as the record of the gate holds them. */
export function signaturesOf(
  body: string,
  by: readonly Authenticator[],
  receivedAt: Instant,
): PeopleRecord['statement']['signatures'] {
  return by.map((one) => {
    const { credential, authenticatorData, clientDataJSON, signature } = signed(body, one);
    return {
      credential,
      authenticatorData: base64(authenticatorData),
      clientDataJSON: base64(clientDataJSON),
      signature: base64(signature),
      receivedAt,
    };
  });
}

const change = writeStatement({
  kind: 'registry',
  subject: { name: 'registry', digest: registryDigest(second) },
  predicate: {
    version: 2,
    previous: registryDigest(first),
    number: 1,
    notBefore: time('2T05:00'),
    expires: time('2T12:00'),
    nonce: 'a'.repeat(32),
  },
});
const { format: _format, schema: _schema, ...facts } = descriptor;

/** Signed once: a database answers with the same bytes each time. */
const rules: PeopleRecord['rules'] = {
  first: { policy: policyDocument(policy), registry: registryDocument(first) },
  links: [
    {
      kind: 'registry',
      document: registryDocument(second),
      acceptedAt: time('2T07:00'),
      body: change,
      signatures: signaturesOf(change, [keys.ana, keys.dan], time('2T06:00')),
      withdrawals: [],
    },
  ],
};

/** The record of one statement. */
export function recordOf(
  kind: PeopleRecord['statement']['kind'],
  body: string,
  of: { readonly by: readonly Authenticator[]; readonly at: Instant },
): PeopleRecord {
  return {
    version: 1,
    target: 'production',
    facts: kind === 'ratification' ? facts : null,
    statement: {
      kind,
      digest: statementDigest(body),
      body,
      receivedAt: of.at,
      descriptor: kind === 'ratification' ? canonicalJson(descriptor) : null,
      ...(kind === 'ratification' ? { firstSeen: time('2T08:00') } : {}),
      signatures: signaturesOf(body, of.by, of.at),
    },
    rules,
  };
}

const sealPiece: Piece = {
  kind: 'seal',
  at: time('2T08:00'),
  body: { version: 1, release: sealed.release.name, seal: sealed.seal },
};
const names = ['preflight', 'forward', 'verify', 'back', 'back-again', 'twin', 'forward-again', 'verify-again'];
const { version: _version, ...golden } = goldenBody({ takenAt: time('2T08:30') });
/** A rehearsal that passed. */
const rehearsalBody = wholeRehearsal({
  release: sealed.release.name,
  seal: sealed.seal,
  startedAt: time('2T09:00'),
  endedAt: time('2T09:00'),
  footprint: footprintBody,
  golden,
  stages: names.map((stage) => stageBody(stage)),
  proof: {
    method: 'full',
    fallback: null,
    whole: 1,
    blocks: 0,
    strict: 'equal',
    logical: 'equal',
    differences: [],
    differenceCount: 0,
    notProven: [],
    relations: 1,
    rows: '1',
    objects: 1,
    seeds: ['1', '2'],
    schemaDigest: { before: digestOf('a'), after: digestOf('a') },
    dataDigest: { before: digestOf('b'), after: digestOf('b') },
    durationMs: 1,
  },
  idempotent: true,
  repeatable: true,
});
const rehearsal: Piece = { kind: 'rehearsal', at: time('2T09:00'), body: rehearsalBody };
const seen = logOf([sealPiece, rehearsal]).log;

/** What people were asked to ratify, for the release or before a tier. */
export function ratificationOf(opens: Opens): string {
  const named = seen.lines.find(({ entry }) => entry.kind === 'rehearsal')?.entry.digest ?? digestOf('none');
  return buildRatification({
    ...proposal,
    sealed,
    policy,
    registry: second,
    evidence: [{ kind: 'rehearsal', digest: named }],
    log: { size: 2, root: Buffer.from(treeRoot(leavesOf(seen.lines))).toString('hex') },
    opens,
    nonce: (opens.what === 'rollout' ? '0' : '1').repeat(32),
  });
}

export const whole = ratificationOf({ what: 'rollout' });
export const further = ratificationOf({ what: 'tier', tier: '3-ownership', cycle: statementDigest(whole) });

/** What an executor records of one transaction. */
export function transaction(
  direction: 'up' | 'down',
  id: string,
  at: Instant,
  more: Partial<Execution> = {},
): readonly Piece[] {
  const common = {
    version: 1,
    release: sealed.release.name,
    seal: sealed.seal,
    target: 'production',
    statement: statementDigest(whole),
    direction,
    tier: id as TierId,
    steps: [1, 1],
    epoch: '1',
    reason: null,
    at,
    ...more,
  };
  return (['intent', 'applied'] as const).map((phase) => ({ kind: 'execution', at, body: { ...common, phase } }));
}

export const revoked = writeStatement({
  kind: 'revocation',
  subject: { name: sealed.release.name, digest: statementDigest(whole) },
  predicate: { reason: 'a customer called', nonce: 'b'.repeat(32) },
});
export const declined = writeStatement({
  kind: 'decline',
  subject: { name: sealed.release.name, digest: sealed.seal },
  predicate: {
    decision: 'decline',
    reason: 'the owners were not asked',
    statement: statementDigest(whole),
    nonce: 'c'.repeat(32),
  },
});

/** One statement with its signatures, as it is recorded. */
export const said = (
  kind: PeopleRecord['statement']['kind'],
  body: string,
  of: { readonly by: readonly Authenticator[]; readonly at: Instant },
): Piece => ({ kind, at: of.at, body: recordOf(kind, body, of) });

export const prepared: readonly Piece[] = [sealPiece, rehearsal];

const alone = recordOf('ratification', whole, { by: [keys.ben], at: time('3T08:30') });
const other = recordOf('ratification', whole, { by: [keys.ana], at: time('3T08:40') });
/** Both signatures: the first one stands in both entries with the same bytes. */
const both = {
  ...alone,
  statement: { ...alone.statement, signatures: [...alone.statement.signatures, ...other.statement.signatures] },
};

/** Ben signs, then Ana; Ana signs for the hold point; Cleo declines. */
export const ratified: readonly Piece[] = [
  { kind: 'ratification', at: time('3T08:30'), body: alone },
  { kind: 'ratification', at: time('3T08:40'), body: both },
  said('ratification', further, { by: [keys.ana], at: time('3T08:50') }),
  said('decline', declined, { by: [keys.cleo], at: time('3T08:55') }),
];

export const forward: readonly Piece[] = [
  ...transaction('up', '1-structure', time('3T10:00')),
  ...transaction('up', '2-owners', time('3T10:01')),
  ...transaction('up', '3-ownership', time('3T10:02')),
];

/** Dan revokes, and all of it is rolled back. */
export const back: readonly Piece[] = [
  said('revocation', revoked, { by: [keys.dan], at: time('3T11:00') }),
  ...transaction('down', '3-ownership', time('3T12:00')),
  ...transaction('down', '2-owners', time('3T12:01')),
  ...transaction('down', '1-structure', time('3T12:02')),
];

export const story: readonly Piece[] = [...prepared, ...ratified, ...forward, ...back];

/** What a bundle of the story holds, read. */
export function evidenceOf(pieces: readonly Piece[]): readonly KnownEvidence[] {
  return logOf(pieces).log.lines.map(({ entry }, n) =>
    readBody({ entry, readable: true, body: pieces[n]?.body }, readers),
  );
}

/** The digests of what was pinned. */
export const pinned = { policy: policyDigest(policy), registry: registryDigest(first) };
