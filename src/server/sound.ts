import { type Instant, type Milliseconds } from '../core/index.ts';
import { type Evidence } from '../evidence/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { buildReport, reportHtml, toMarkdown } from '../report/index.ts';
import { proposalsOf } from '../web/index.ts';
import { declinesOf } from './statements/find.ts';

/** What we record nests some ten levels deep. */
const deepest = 64;
const longAgo = '2000-01-01T00:00:00.000Z' as Instant;
const policy = { rehearsalMaxAge: 1 as Milliseconds, gateMaxAge: 1 as Milliseconds };

/**
 * The same piece, or why no page can show it. A signature says who recorded something, not that it has the form that it should have: whoever
 * holds a key that signs evidence, or a newer program, may record anything, and one such piece must not take the pages of a release away.
 */
export function soundOf(piece: Evidence, sealed: SealedRelease | null): Evidence {
  if (!piece.readable) return piece;
  const reason = depthOf(piece.body) > deepest ? 'it nests too deeply to be shown' : problemOf(piece, sealed);
  return reason === null ? piece : { entry: piece.entry, readable: false, reason };
}

/** Whatever is made of a piece of this kind is tried on it alone. */
function problemOf(piece: Evidence, release: SealedRelease | null): string | null {
  try {
    declinesOf([piece], { statement: '', registry: null });
    proposalsOf([piece]);
    if (release === null) return null;
    const report = buildReport({ release, evidence: [piece], policy, now: longAgo, hrefOf: () => '' });
    reportHtml(report);
    toMarkdown(report);
    return null;
  } catch {
    return 'it does not have the form that it should have';
  }
}

/** Counted without recursion: what is counted may be deeper than the stack. */
function depthOf(body: unknown): number {
  let level: readonly unknown[] = [body];
  for (let depth = 0; depth <= deepest; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return depth;
  }
  return deepest + 1;
}
