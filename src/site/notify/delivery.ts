import { createHmac } from 'node:crypto';
import { type Digest, type Instant, type NonEmpty } from '../../core/index.ts';
import { type Entry } from '../../evidence/index.ts';
import { type Report, toSummary } from '../../report/index.ts';

/** A webhook message: something was recorded. It contains nothing that opens a gate. */
export interface DeliveredNotice {
  readonly type: `oneroof.${string}`;
  /** Of the log's line; the same event never has another one. */
  readonly id: string;
  readonly at: Instant;
  readonly release: { readonly name: string; readonly seal: Digest };
  /** `uncounted`: why it does not count, or null. */
  readonly evidence: {
    readonly kind: string;
    readonly digest: Digest;
    readonly href: string;
    readonly uncounted: string | null;
  };
  /** Both verdicts for every target, fit for a comment; null where the files of the release were not recorded. */
  readonly markdown: string | null;
}

/** Says what was recorded. */
export function tell(of: {
  readonly entry: Entry;
  readonly name: string;
  readonly reports: NonEmpty<Report> | null;
  readonly uncounted: string | null;
  readonly origin: string;
}): DeliveredNotice {
  const { entry, name, reports, origin, uncounted } = of;
  return {
    type: `oneroof.${entry.kind}`,
    id: `${entry.index}-${entry.digest.slice(7, 23)}`,
    at: entry.recordedAt,
    release: { name, seal: entry.seal },
    evidence: {
      kind: entry.kind,
      digest: entry.digest,
      href: `${origin}/evidence/${encodeURIComponent(entry.digest)}`,
      uncounted,
    },
    markdown: reports === null ? null : toSummary(reports, `${origin}/releases/${encodeURIComponent(entry.seal)}`),
  };
}

/**
 * The headers of a delivery. Who receives it computes the same over `id.timestamp.body`, and refuses an old timestamp.
 *
 * Units   seconds.
 * Source  Standard Webhooks 1.0.
 */
export function signedHeaders(of: {
  readonly id: string;
  readonly seconds: number;
  readonly body: string;
  readonly key: Uint8Array;
}): Readonly<Record<string, string>> {
  const mac = createHmac('sha256', of.key).update(`${of.id}.${of.seconds}.${of.body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': of.id,
    'webhook-timestamp': String(of.seconds),
    'webhook-signature': `v1,${mac}`,
  };
}

/** Pauses between the tries of a delivery; after the last one it is given up. Seconds. */
const pauses = [5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600];

/** How long to wait after so many tries; null: given up. Seconds. */
export function pauseAfter(tries: number): number | null {
  return pauses[tries - 1] ?? null;
}
