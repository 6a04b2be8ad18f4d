import { describe, expect, it } from 'vitest';
import { readBundle, verifyBundle } from '../../src/bundle/index.ts';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { statementDigest } from '../../src/evidence/index.ts';
import { type CycleRows, type GateRows, readRefusal } from '../../src/gate/index.ts';
import { buildReport, type Report } from '../../src/report/index.ts';
import {
  back,
  bundleOf,
  evidenceOf,
  forward,
  type Piece,
  prepared,
  ratified,
  sealed,
  transaction,
  whole,
} from '../bundle/whole-bundle.ts';
import { time } from '../gate/people.ts';
import { gateBody } from '../evidence-kinds/bodies.ts';
import { asked } from '../rollout/checked.ts';

const day = 86_400_000;
const policy = { rehearsalMaxAge: (7 * day) as Milliseconds, gateMaxAge: 3_600_000 as Milliseconds };
const reading = (at: Instant, verdict: object = { decision: 'OPEN' }, rows: GateRows = rowsOf()): Piece => {
  const baseline = { takenAt: at, metrics: {}, schemaDigest: 'x' };
  const body = gateBody({ seal: sealed.seal, verdict, entry: baseline, exit: baseline, rows, readAt: at });
  return { kind: 'gate', at, body };
};
/** What the gate says where people have ratified it; null: nobody has. */
function rowsOf(change: Partial<CycleRows> | null = {}, measured = true): GateRows {
  const next = { up: '1-structure', down: null };
  const plain = { persons: ['ana', 'ben'], closed: { up: null, down: null }, next, done: [], steps: [] };
  const cycle = { statement: statementDigest(whole), seal: sealed.seal, opens: { what: 'rollout' }, ...plain } as const;
  const cycles = change === null ? [] : [asked({ ...cycle, ...change }, { ...sealed, measured })];
  return { state: 'read', schema: 'x', cycles };
}
const nobody = rowsOf(null);
const go = { decision: 'OPEN' };

function reportOf(pieces: readonly Piece[], now: Instant): Report {
  return buildReport({ release: sealed, evidence: evidenceOf(pieces), policy, now, hrefOf: () => '' });
}

/** What the matrix says of ratification and activation, and the verdict on execution. */
function said(pieces: readonly Piece[], now: Instant) {
  const report = reportOf(pieces, now);
  const of = (id: string) => report.components.find((row) => row.id === id);
  return {
    gate: of('ratification')?.status,
    by: of('ratification')?.evidence ?? '',
    activation: of('activation')?.status,
    state: of('activation')?.evidence ?? '',
    rollout: of('rollout')?.status,
    execution: report.execution.status,
    reasons: report.execution.reasons.join('; '),
  };
}

const ten = time('3T10:00');
const noon = time('3T12:30');
const [first, second, hold, decline] = ratified;
if (first === undefined || second === undefined || hold === undefined || decline === undefined)
  throw new Error('the story is not whole');

describe('a report of a release that people ratify', () => {
  it('says CLOSED and NO-GO before anybody has, and while a seat is open', () => {
    expect(said([...prepared, reading(ten, go, nobody)], ten)).toMatchObject({
      gate: 'CLOSED',
      activation: 'NO-GO',
      rollout: 'GO, HELD at gate',
      execution: 'NO-GO',
      reasons: 'no ratification of this seal was handed in',
    });
    const seats = { up: readRefusal('seats: 1 of 2 seats are filled'), down: null };
    const one = said([...prepared, first, reading(ten, go, rowsOf({ closed: seats }))], ten);
    expect(one).toMatchObject({ gate: 'CLOSED', execution: 'NO-GO' });
    expect(one.by).toContain('Signed by Ben Example');
    expect(one.reasons).toContain('seats: ');
  });

  it('says OPEN with its signers, and GO, while the ratification is open', () => {
    const open = said([...prepared, ...ratified, reading(ten)], ten);
    expect(open).toMatchObject({ gate: 'OPEN', activation: 'GO', rollout: 'GO', execution: 'GO', reasons: '' });
    const { compliance } = reportOf([...prepared, ...ratified, reading(ten)], ten);
    expect(compliance.join()).toContain('Zero production mutations');
    expect(open.by).toContain('Ben Example (level 2, synced key');
    expect(open.by).toContain('Ana Example (level 4, bound key');
    expect(open.by).toContain('Declined by Cleo Example: the owners were not asked');
  });

  it('says CLOSED again after the window, and NO-GO where data or readiness are not there', () => {
    const late = time('4T08:30');
    expect(said([...prepared, ...ratified, reading(late)], late)).toMatchObject({
      gate: 'CLOSED',
      activation: 'NO-GO',
      execution: 'NO-GO',
    });
    const blocked = {
      decision: 'BLOCKED',
      reasons: [{ kind: 'invariant', metric: 'rows', measured: 1, required: '2' }],
    };
    const data = said([...prepared, ...ratified, reading(ten, blocked, rowsOf({}, false))], ten);
    expect(data).toMatchObject({ gate: 'OPEN', activation: 'NO-GO', execution: 'NO-GO' });
    // the reading is missing
    expect(said([...prepared, ...ratified], ten)).toMatchObject({ gate: 'OPEN', execution: 'NO-GO' });
  });

  it('says what is active half-way, and GO while the rest may follow, by a look that came after it', () => {
    const done = [{ direction: 'up' as const, tier: '1-structure', epoch: 1, steps: 1, schemaAfter: 'x' }];
    const rows = rowsOf({ done, next: { up: '2-owners', down: '1-structure' } });
    const before = [...prepared, ...ratified, ...forward.slice(0, 2)];
    const last = time('3T10:05');
    const half = said([...before, reading(last, go, rows)], last);
    expect(said([...before.slice(0, -2), reading(ten), ...forward.slice(0, 2)], ten)).toMatchObject({
      execution: 'NO-GO',
      reasons: 'the gate was not read after the last recorded change',
    });
    expect(half).toMatchObject({ gate: 'OPEN', activation: 'GO', execution: 'GO' });
    expect(half.state).toContain('Half-way on production: 1-structure active');
  });

  it('says that everything is rolled out by the record, also after the window, and that a look has to show that it is done', () => {
    for (const now of [ten, time('9T10:00')]) {
      const done = said([...prepared, ...ratified, reading(now), ...forward], now);
      expect(done).toMatchObject({ activation: 'NO-GO', rollout: now === ten ? 'GO' : 'NO-GO', execution: 'NO-GO' });
      expect(done.state).toContain('Rolled out on production');
      expect(done.reasons).toBe('the gate was not read after the last recorded change');
    }
  });

  it('does not say so any more after a rollback, though the window is not over', () => {
    const before = [...prepared, ...ratified, ...forward];
    const all = said([...before, ...back, reading(noon)], noon);
    expect(all).toMatchObject({ gate: 'CLOSED', activation: 'NO-GO', execution: 'NO-GO' });
    expect(all.state).toContain('Not active: rolled back on production');
    expect(all.reasons).toContain('the last rollout was rolled back');
    expect(reportOf([...before, reading(noon)], noon).compliance.join()).not.toContain('Zero production mutations');
    const part = said([...before, ...back.slice(0, 3), reading(noon)], noon);
    expect(part).toMatchObject({ gate: 'CLOSED', activation: 'NO-GO', execution: 'NO-GO' });
    expect(part.state).toContain('Half-way on production: 1-structure, 2-owners active');
  });

  it('says CLOSED once somebody has revoked it', () => {
    const revoked = said([...prepared, ...ratified, ...back.slice(0, 1), reading(noon)], noon);
    expect(revoked).toMatchObject({ gate: 'CLOSED', activation: 'NO-GO', execution: 'NO-GO' });
    expect(revoked.reasons).toContain('revoked');
  });

  it('says that it does not know where the outcome of a tier is not on record, and takes it from what came after', () => {
    const [intent] = transaction('up', '2-owners', ten);
    const begun = [...prepared, ...ratified, reading(ten), ...forward.slice(0, 2), intent!];
    expect(said(begun, ten)).toMatchObject({ activation: 'NO-GO', execution: 'NO-GO' });
    expect(said(begun, ten).state).toContain('the outcome of 2-owners on production');
    // the next intent was chosen by the database: the tier before it was applied
    const after = said([...begun, ...forward.slice(4)], ten);
    expect(after.state).toContain('Rolled out on production');
  });

  it('closes the gate where what was recorded was altered', () => {
    const body = second.body as { statement: { signatures: object[] } };
    const signatures = body.statement.signatures.map((one) => ({ ...one, signature: 'AAAA' }));
    const altered = { ...second, body: { ...body, statement: { ...body.statement, signatures } } };
    expect(said([...prepared, altered, hold, reading(ten)], ten)).toMatchObject({ gate: 'CLOSED', execution: 'NO-GO' });
  });

  it('is built again from a bundle, and one that says GO after the rollback is found', () => {
    const before = [...prepared, ...ratified, reading(ten)];
    const open: Piece = { kind: 'report', at: ten, body: reportOf(before, ten) };
    const codes = (pieces: readonly Piece[]) =>
      verifyBundle(readBundle(bundleOf(pieces)), { keys: null, policy: null, registry: null }).problems.map(
        ({ code }) => code,
      );
    expect(reportOf(before, ten).execution.status).toBe('GO');
    expect(codes([...before, open, ...forward, ...back])).toEqual([]);
    const later = [...before, ...forward, ...back, reading(noon)];
    const honest = reportOf(later, noon);
    const stale = { ...honest, execution: { status: 'GO', reasons: [] } };
    expect(codes([...later, { kind: 'report', at: noon, body: honest }])).toEqual([]);
    expect(codes([...later, { kind: 'report', at: noon, body: stale }])).toEqual(['BUNDLE_VERDICT']);
  });
});
