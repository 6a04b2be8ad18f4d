import { type Instant } from '../core/index.ts';
import { ofKind } from '../evidence/index.ts';
import { parseStatement, type Registry } from '../people/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';

/** A person who declined, and why. */
export interface Declined {
  readonly persons: readonly string[];
  readonly reason: string;
  readonly at: Instant;
}

/** Who declined a statement, according to the records; the last record of each statement has all of its signatures. */
export function declinesOf(
  evidence: readonly KnownEvidence[],
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
  return owner?.name ?? 'a person who is no longer in the registry';
}

/** One of them in one line. */
export function explainDecline({ persons, reason, at }: Declined): string {
  return `${persons.join(', ')}, ${at}: ${reason}`;
}
