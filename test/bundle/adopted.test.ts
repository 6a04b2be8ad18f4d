import { describe, expect, it } from 'vitest';
import { readBundle, verifyBundle } from '../../src/bundle/index.ts';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { buildRatification, type PeopleRecord, registryDigest } from '../../src/people/index.ts';
import { descriptor, proposal } from '../gate/case.ts';
import { type Authenticator, keys, time } from '../gate/people.ts';
import {
  back,
  bundleOf,
  forward,
  type Piece,
  pinned,
  policy,
  prepared,
  ratificationOf,
  ratified,
  recordOf,
  revoked,
  said,
  sealed,
  second,
  signaturesOf,
  transaction,
  whole,
} from './whole-bundle.ts';

const verify = (pieces: readonly Piece[]) => verifyBundle(readBundle(bundleOf(pieces)), { keys: null, ...pinned });
const codes = (pieces: readonly Piece[]): readonly string[] => [
  ...new Set(verify(pieces).problems.map(({ code }) => code)),
];

const { format: _format, schema, ...before } = descriptor;
/** Restored on another server: the gate has the incarnation of the dump until it is adopted. */
const restored = { ...before, systemIdentifier: '7400000000000000002', databaseOid: '5' };
const after = { ...restored, incarnation: 'ffffffff-6a5e-4a56-9d2b-6f1c8f3a4b5c' };

const account = canonicalJson({ facts: restored, documents: [], abandoned: [], rows: [] });
const adopts = (facts: object = restored): string =>
  writeStatement({
    kind: 'adoption',
    subject: { name: 'production', digest: digest('account', [account]) },
    predicate: { facts, reason: 'moved', notBefore: time('3T12:00'), expires: time('4T12:00'), nonce: 'd'.repeat(32) },
  });

/** Registry 2 was lost with the restore; its time was over, so the quorum signed it again. */
const again = writeStatement({
  kind: 'registry',
  subject: { name: 'registry', digest: registryDigest(second) },
  predicate: {
    version: 2,
    previous: pinned.registry,
    number: 1,
    notBefore: time('3T12:00'),
    expires: time('3T20:00'),
    nonce: '9'.repeat(32),
  },
});
const signedAgain = signaturesOf(again, [keys.ana, keys.dan], time('3T12:10'));
const rules = (of: PeopleRecord['rules']): PeopleRecord['rules'] => ({
  ...of,
  links: of.links.map((link) => ({ ...link, body: again, signatures: signedAgain, acceptedAt: time('3T12:15') })),
});
const ofNew = (record: PeopleRecord, more: Partial<PeopleRecord> = {}): PeopleRecord => ({
  ...record,
  rules: rules(record.rules),
  ...more,
});

/** An adoption that counted, as the database told it. */
function adoption(
  of: { by?: readonly Authenticator[]; body?: string; drawn?: Partial<PeopleRecord>; statement?: object } = {},
): Piece {
  const body = of.body ?? adopts();
  const at = time('3T12:30');
  const record = ofNew(recordOf('ratification', body, { by: of.by ?? [keys.ana, keys.dan], at }), {
    facts: null,
    compared: { account, lost: ['tier 3-ownership'] },
    ...of.drawn,
  });
  const statement = {
    ...record.statement,
    kind: 'adoption' as const,
    descriptor: null,
    acceptedAt: at,
    adopted: { before: before.incarnation, incarnation: after.incarnation },
    ...of.statement,
  };
  return { kind: 'adoption', at, body: { ...record, statement } };
}

const rolledBack = buildRatification({
  ...proposal,
  sealed,
  policy,
  registry: second,
  targets: [{ format: 1, schema, ...after }],
  evidence: JSON.parse(ratificationOf({ what: 'rollout' })).predicate.evidence as (typeof proposal)['evidence'],
  log: JSON.parse(whole).predicate.log as (typeof proposal)['log'],
  window: { notBefore: time('3T12:40'), expires: time('4T08:00') },
  now: time('3T12:40'),
  opens: { what: 'rollback', cycle: statementDigest(whole) },
  nonce: 'e'.repeat(32),
});
const carriesOn = ofNew(recordOf('ratification', rolledBack, { by: [keys.ben, keys.ana], at: time('3T12:50') }), {
  facts: after,
});
const carrying: Piece = {
  kind: 'ratification',
  at: time('3T12:50'),
  body: {
    ...carriesOn,
    statement: { ...carriesOn.statement, descriptor: canonicalJson({ format: 1, schema, ...after }) },
  },
};
/** What the log holds of the ratification of before, as the restored database tells it: with one signature fewer. */
const older: Piece = {
  kind: 'ratification',
  at: time('3T12:45'),
  body: ofNew(ratified[0]!.body as PeopleRecord, { facts: after }),
};
const downAgain: readonly Piece[] = [
  ...transaction('down', '2-owners', time('3T13:00')),
  ...transaction('down', '1-structure', time('3T13:01')),
];
const up = forward.slice(0, 4);
const story: readonly Piece[] = [...prepared, ...ratified, ...up, adoption(), older, carrying, ...downAgain];

describe('a bundle with an adoption', () => {
  it('holds: what was signed before is judged as of then, and who adopted is told', () => {
    const { problems, told } = verify(story);
    expect(problems).toEqual([]);
    const adopted = told.said.find(({ kind }) => kind === 'adoption');
    expect(adopted).toMatchObject({
      signed: [{ id: 'ana' }, { id: 'dan' }],
      reason: 'moved',
      adopted: { before: before.incarnation, incarnation: after.incarnation },
    });
    expect(told.said[0]?.signed.map(({ id }) => id)).toEqual(['ben', 'ana']);
  });

  it('also where the revocation of before was taken in again later', () => {
    const twice = said('revocation', revoked, { by: [keys.dan], at: time('3T12:20') });
    const record = ofNew(twice.body as PeopleRecord);
    const [revocation] = back;
    const pieces = [...prepared, ...ratified, ...up, revocation!, adoption(), { ...twice, body: record }, carrying];
    expect(codes([...pieces, ...downAgain])).toEqual([]);
  });

  it.each<[string, readonly Piece[], readonly string[]]>([
    ['without the adoption', [...prepared, ...ratified, ...up, carrying, ...downAgain], ['BUNDLE_RULES']],
    [
      'one person alone',
      [...prepared, ...ratified, ...up, adoption({ by: [keys.ana] }), carrying],
      ['BUNDLE_RATIFICATION', 'BUNDLE_RULES'],
    ],
    [
      'persons of too low a level',
      [...prepared, ...ratified, ...up, adoption({ by: [keys.ben, keys.dan] }), carrying],
      ['BUNDLE_RATIFICATION', 'BUNDLE_RULES'],
    ],
    [
      'of another database',
      [...prepared, ...ratified, ...up, adoption({ body: adopts({ ...restored, incarnation: 'x' }) }), carrying],
      ['BUNDLE_RATIFICATION', 'BUNDLE_RULES'],
    ],
    [
      'that says of itself that it was of this one',
      [
        ...prepared,
        ...ratified,
        ...up,
        adoption({
          body: adopts({ ...restored, incarnation: 'x' }),
          statement: { adopted: { before: 'x', incarnation: after.incarnation } },
        }),
        carrying,
      ],
      ['BUNDLE_RULES'],
    ],
    [
      'that drew another incarnation',
      [
        ...prepared,
        ...ratified,
        ...up,
        adoption({ statement: { adopted: { before: before.incarnation, incarnation: 'y' } } }),
        carrying,
      ],
      ['BUNDLE_RULES'],
    ],
    [
      'that lost a registry',
      [
        ...prepared,
        ...ratified,
        ...up,
        adoption({ drawn: { rules: { ...(ratified[0]!.body as PeopleRecord).rules, links: [] } } }),
        carrying,
      ],
      ['BUNDLE_RULES'],
    ],
    [
      'of other words than those compared',
      [...prepared, ...ratified, ...up, adoption({ drawn: { compared: { account: '{}', lost: [] } } }), carrying],
      ['BUNDLE_RATIFICATION', 'BUNDLE_RULES'],
    ],
    [
      'signatures that were taken away without one',
      [...prepared, ...ratified, { ...older, body: ratified[0]!.body }],
      ['BUNDLE_RATIFICATION'],
    ],
    [
      'and then a rollout under what was signed before',
      [...prepared, ...ratified, ...up, adoption(), ...transaction('up', '3-ownership', time('3T13:00'))],
      ['BUNDLE_EXECUTION'],
    ],
    [
      'and then a rollback that nobody carried on',
      [...prepared, ...ratified, ...up, adoption(), ...downAgain],
      ['BUNDLE_EXECUTION'],
    ],
  ])('is refused where it is %s', (_what, pieces, expected) => {
    expect(codes(pieces).toSorted()).toEqual(expected);
  });

  it('cannot have a signature exchanged', () => {
    const piece = adoption();
    const record = piece.body as PeopleRecord;
    const signatures = signaturesOf(whole, [keys.ana, keys.dan], time('3T12:30'));
    const forged = { ...piece, body: { ...record, statement: { ...record.statement, signatures } } };
    expect(codes([...prepared, ...ratified, forged])).toEqual(['BUNDLE_RATIFICATION']);
  });
});
