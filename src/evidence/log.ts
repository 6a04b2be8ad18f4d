import { z } from 'zod';
import { type Digest, type Instant, isDigest, OneRoofError, printable } from '../core/index.ts';
import { type Entry, evidenceKinds } from './evidence.ts';

const digestText = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const instantText = z.custom<Instant>((value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
const line = z.strictObject({
  index: z.int(),
  kind: z.enum(evidenceKinds),
  digest: digestText,
  seal: digestText,
  recordedAt: instantText,
  size: z.int().nonnegative(),
});

/**
 * Reads the lines of a log. A last line without its line feed was cut off by a crash and is no entry.
 *
 * Units   `end`: bytes up to and with the last complete line.
 * Errors  EVIDENCE_LOG_BROKEN for a complete line that is no entry, or whose index is not the next one.
 */
export function parseLog(text: string, file: string): { readonly entries: readonly Entry[]; readonly end: number } {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const entries = whole
    .split('\n')
    .slice(0, -1)
    .map((source, index): Entry => {
      const parsed = line.safeParse(parseJson(source));
      if (parsed.success && parsed.data.index === index) return parsed.data;
      const why = parsed.success ? `has index ${parsed.data.index}, expected ${index}` : 'is no entry';
      throw new OneRoofError('EVIDENCE_LOG_BROKEN', {
        problem: `line ${index + 1} of ${printable(file)} ${why}`,
        fix: 'restore the file from version control or a copy; a log of evidence is never edited',
        place: { file, line: index + 1 },
      });
    });
  return { entries, end: Buffer.byteLength(whole) };
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return null;
  }
}
