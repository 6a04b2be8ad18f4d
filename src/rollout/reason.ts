import { z } from 'zod';
import { OneRoofError } from '../core/index.ts';
import { sqlStateOf } from '../database/index.ts';
import { explainRefusal, type Refusal, refusalCodes, refusalOf } from '../gate/index.ts';
import { type Direction } from '../release/index.ts';

type None = Readonly<Record<never, never>>;
const said = z.strictObject({ said: z.string() });

/** What holds a rollout or a rollback. */
export type HeldReason =
  | { readonly code: 'gate'; readonly facts: Refusal }
  | { readonly code: 'not-ratified'; readonly facts: None }
  | { readonly code: 'way-back-begun'; readonly facts: None }
  | { readonly code: 'one-way'; readonly facts: { readonly tier: string; readonly why: string } }
  | { readonly code: 'drifted'; readonly facts: { readonly tier: string; readonly direction: Direction } };

/** Writes it in one line. It may hold text of an author or of a target: shown through `printable`. */
export function explainHeld(reason: HeldReason): string {
  switch (reason.code) {
    case 'gate':
      return explainRefusal(reason.facts);
    case 'not-ratified':
      return 'no ratification of this seal was handed in';
    case 'way-back-begun':
      return 'the way back of this statement has begun; rolling out again needs another statement';
    case 'one-way':
      return `tier ${reason.facts.tier} is one-way: ${reason.facts.why}`;
    case 'drifted':
      return `schema: it is no longer as tier ${reason.facts.tier} ${reason.facts.direction} left it`;
    default:
      return reason satisfies never;
  }
}

/** What the record keeps beside the outcome of a transaction: why it was not applied, or what is not known of it. */
export const executionReason = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('gate'), facts: z.strictObject({ code: z.enum(refusalCodes), facts: said }) }),
  z.strictObject({ code: z.literal('server'), facts: said.extend({ state: z.string() }) }),
  z.strictObject({ code: z.literal('error'), facts: said.extend({ code: z.string() }) }),
  z.strictObject({ code: z.literal('connection-lost'), facts: z.strictObject({}) }),
  z.strictObject({ code: z.literal('unknown'), facts: z.strictObject({ why: z.string() }) }),
  z.strictObject({ code: z.literal('standby-behind'), facts: z.strictObject({}) }),
]);
export type ExecutionReason = Readonly<z.infer<typeof executionReason>>;

/** The reason in an error that ended a transaction. */
export function executionReasonOf(cause: unknown): ExecutionReason {
  const refusal = refusalOf(cause);
  if (refusal !== null) return { code: 'gate', facts: refusal };
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof OneRoofError) return { code: 'error', facts: { code: cause.code, said: text } };
  return { code: 'server', facts: { state: sqlStateOf(cause), said: text } };
}

/** Why an outcome that was asked for afterwards is not `applied`. */
export function outcomeReason(
  outcome: { readonly outcome: 'not-applied' } | { readonly outcome: 'unknown'; readonly why: string },
): ExecutionReason {
  return outcome.outcome === 'unknown'
    ? { code: 'unknown', facts: { why: outcome.why } }
    : { code: 'connection-lost', facts: {} };
}

/** Writes it in one line; the records of before hold the line. It may hold text of a target: shown through `printable`. */
export function explainExecution(reason: ExecutionReason | string): string {
  if (typeof reason === 'string') return reason;
  switch (reason.code) {
    case 'gate':
      return `gate: ${explainRefusal(reason.facts)}`;
    case 'server':
    case 'error':
      return reason.facts.said;
    case 'connection-lost':
      return 'the connection was lost';
    case 'unknown':
      return reason.facts.why;
    case 'standby-behind':
      return 'committed on the primary; a synchronous standby may lack it';
    default:
      return reason satisfies never;
  }
}
