import { z } from 'zod';
import { sqlStateOf } from '../database/index.ts';
import { printable } from '../core/index.ts';

/** With these the gate of a database closes a rollout or its rollback, or refuses a part of it. */
const closing = [
  'unknown',
  'direction',
  'statement',
  'registry',
  'policy',
  'seal',
  'target',
  'purpose',
  'abandoned',
  'cycle',
  'in-progress',
  'age',
  'hold-point',
  'seats',
  'revoked',
  'not-yet-valid',
  'expired',
  'too-long',
  'review',
  'rehearsal-age',
  'evidence',
  'executor',
  'session',
  'setting',
  'fence',
  'order',
  'one-way',
  'step',
  'schema',
  'data-gate',
  'invariant',
  'check',
  'definer',
  'deferred',
  'commit',
  'guard',
  'intact',
  'loopback',
  'outside',
] as const;

/** With these it refuses what people hand in, and an upgrade of itself. */
const receiving = [
  'size',
  'footprint',
  'canonical',
  'frame',
  'queries',
  'kind',
  'subject',
  'credential',
  'key-twice',
  'authenticator',
  'author',
  'duplicate',
  'isolation',
  'document',
  'chain',
  'previous',
  'quorum',
  'unfillable',
  'client-data',
  'challenge',
  'origin',
  'cross-origin',
  'rp-id',
  'user-presence',
  'user-verification',
  'backup-state',
  'extensions',
  'device',
  'key',
  'signature',
  'busy',
  'version',
  'roles',
] as const;

/** A code with which the gate of a database closes a rollout. */
export type ClosingCode = (typeof closing)[number];
/** Every code of the gate of a database; `other`: one that this program does not know, so its words hold it. */
export type RefusalCode = ClosingCode | (typeof receiving)[number] | 'other';

/** Every code that this program knows; a test holds that the SQL of the gate uses no other. */
export const refusalCodes: readonly RefusalCode[] = [...closing, ...receiving, 'other'];

/** Why the gate of a database is closed, or what it refused. */
export interface Refusal {
  readonly code: RefusalCode;
  /** In the words of the database, which are not ours: shown through `printable`. */
  readonly facts: { readonly said: string };
}

/** The SQLSTATE that the gate raises; its message is `gate: <code>: <text>`. */
const gateState = 'OR001';

/** Reads what the gate answers as `code: text`. Nothing else takes such a text apart. */
export function readRefusal(text: string): Refusal {
  const [, word, said = ''] = /^([a-z-]+): (.*)$/s.exec(text) ?? [];
  const code = refusalCodes.find((one) => one === word && one !== 'other');
  return code === undefined ? { code: 'other', facts: { said: text } } : { code, facts: { said } };
}

/** Reads the gate's refusal out of an error; null where it is something else. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || sqlStateOf(error) !== gateState) return null;
  return readRefusal(printable(error.message.replace(/^gate: /, '')));
}

/** Writes it in one line: `seats: 1 of 2 seats are filled`. */
export function explainRefusal({ code, facts }: Refusal): string {
  return code === 'other' ? facts.said : `${code}: ${facts.said}`;
}

/** A refusal in a record. */
export const refusalForm = z.strictObject({
  code: z.enum(refusalCodes),
  facts: z.strictObject({ said: z.string() }),
});
