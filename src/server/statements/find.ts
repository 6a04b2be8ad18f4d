import { type Instant } from '../../core/index.ts';
import { type Entry, ofKind } from '../../evidence/index.ts';
import { parseStatement, type Registry } from '../../gate/index.ts';
import { type Evidence } from '../../kinds/index.ts';

/** Somebody who would not ratify, and why. */
export interface Declined {
  readonly persons: readonly string[];
  readonly reason: string;
  readonly at: Instant;
}

/** Who declined a statement, by what was recorded; the last record of each statement has all of its signatures. */
export function declinesOf(
  evidence: readonly Evidence[],
  of: { readonly statement: string; readonly registry: Registry | null },
): readonly Declined[] {
  const found = new Map<string, Declined>();
  for (const piece of ofKind(evidence, 'decline')) {
    if (!piece.readable) continue;
    const { statement } = piece.body;
    const read = parseStatement(statement.body);
    if (!read.ok || read.statement.kind !== 'decline') continue;
    const { predicate } = read.statement;
    if (predicate.statement !== of.statement) continue;
    const persons = statement.signatures.map(({ credential }) => ownerOf(of.registry, credential));
    found.set(statement.digest, { persons, reason: predicate.reason, at: piece.entry.recordedAt });
  }
  return [...found.values()];
}

function ownerOf(registry: Registry | null, credential: string): string {
  const owner = registry?.persons.find(({ keys }) => keys.some((key) => key.credential === credential));
  return owner?.name ?? 'somebody who is no longer in the registry';
}

/** So many statements of one release are proposed within an hour, on whatever target, until it is rehearsed again. */
const mostAnHour = 6;
const hour = 3_600_000;

/** Whether people may be asked once more, by what was recorded of the release. */
export function mayAsk(entries: readonly Entry[], at: Instant): boolean {
  const since = entries.slice(entries.findLastIndex(({ kind }) => kind === 'rehearsal') + 1);
  const recent = since.filter(
    ({ kind, recordedAt }) => kind === 'proposal' && Date.parse(at) - Date.parse(recordedAt) < hour,
  );
  return recent.length < mostAnHour;
}
