import { z } from 'zod';

/** Where a release has the journal of Drizzle before 1.0. */
export const journalFile = 'migrations/meta/_journal.json';

const form = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.unknown() })) });

/**
 * The time that a journal of Drizzle has for a migration, which Drizzle records; null: it is no journal, or has not exactly one for this tag.
 *
 * Units   milliseconds since 1970.
 * Source  drizzle-orm, src/migrator.ts.
 */
export function journalTime(journal: string, tag: string): number | null {
  let read: unknown;
  try {
    read = JSON.parse(journal);
  } catch {
    return null;
  }
  const found = form.safeParse(read).data?.entries.filter((entry) => entry.tag === tag) ?? [];
  const when = found.length === 1 ? found[0]?.when : null;
  return Number.isSafeInteger(when) && Number(when) >= 0 ? Number(when) : null;
}
