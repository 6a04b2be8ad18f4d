import { digest, type Instant } from '../../src/core/index.ts';
import { type EvidenceKind, readBody, type Stored } from '../../src/evidence/index.ts';
import { type KnownEvidence, readers } from '../../src/evidence-kinds/index.ts';
import { type DataGate, type SealedRelease } from '../../src/release/index.ts';
import { sealed, tier } from '../rehearsal/made.ts';

/** Two tiers, a data gate before the second, a barred third. */
export function sealedSmall(): SealedRelease {
  const sql = { up: ['select 1'], down: ['select 1'] };
  const gate = { id: 'ready', title: 'Ready', metric: 'ready', expectation: { atLeast: 1 }, before: '2-table' };
  const tiers = [tier('1-rows', sql), tier('2-table', sql), { ...tier('3-barred', sql), barred: 'not yet' }];
  return sealed(tiers, { name: 'small' as never, gates: [gate as DataGate & typeof gate] });
}

/** A piece of evidence, as a store gives it. */
export function entryOf(index: number, kind: string, body: unknown): KnownEvidence {
  const stored: Stored = {
    entry: {
      index,
      kind: kind as EvidenceKind,
      digest: digest('evidence', [String(index)]),
      seal: digest('seal', ['small']),
      recordedAt: '2026-06-03T08:00:00.000Z' as Instant,
      size: 1,
    },
    readable: true,
    body,
  };
  return readBody(stored, readers);
}
