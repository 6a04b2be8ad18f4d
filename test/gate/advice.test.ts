import { describe, expect, it } from 'vitest';
import { statementDigest } from '../../src/evidence/index.ts';
import { decideRecorded, readHistory } from '../../src/people/index.ts';
import { evidenceOf, type Piece, prepared, ratified, sealed, whole } from '../bundle/whole-bundle.ts';
import { time } from './people.ts';

const at = time('3T08:40');
/** Ben signs alone, then the same with Ana: what would fill the second seat as a ratification. */
const [ben, both] = ratified.slice(0, 2) as [Piece, Piece];
const agrees = { version: 1, release: sealed.release.name, seal: sealed.seal, finding: 'agrees', text: 'RATIFIED' };

function decided(...more: readonly Piece[]): string {
  const verdict = decideRecorded(readHistory(sealed, evidenceOf([...prepared, ben, ...more])), {
    statement: statementDigest(whole),
    target: 'production',
    direction: 'up',
    tier: null,
    now: time('3T10:00'),
  });
  return verdict.decision === 'OPEN' ? 'open' : verdict.reason.code;
}

describe('a review', () => {
  it('fills no seat, however many agree and whatever their bytes are', () => {
    expect(decided()).toBe('seats');
    expect(decided(...Array.from({ length: 20 }, (): Piece => ({ kind: 'review', at, body: agrees })))).toBe('seats');
    // the bytes of a ratification that both signed, recorded as a review
    expect(decided({ ...both, kind: 'review' })).toBe('seats');
    // the control: the same bytes as what they are
    expect(decided(both)).toBe('open');
  });

  it('opens nothing and closes nothing where every seat is filled', () => {
    const objects: Piece = { kind: 'review', at: time('3T09:00'), body: { ...agrees, finding: 'objects' } };
    expect(decided(both, objects)).toBe('open');
  });
});
