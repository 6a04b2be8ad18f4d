import { z } from 'zod';
import { OneRoofError } from '../core/index.ts';
import { sqlStateOf } from '../database/index.ts';
import {
  explainReason,
  explainRefusal,
  type Refusal,
  refusalCodes,
  refusalOf,
  type MetricReason as Unmet,
} from '../gate/index.ts';

type None = Readonly<Record<never, never>>;
const said = z.strictObject({ said: z.string() });

/** What holds a rollout or a rollback. */
export type HeldReason =
  | { readonly code: 'gate'; readonly facts: Refusal }
  | { readonly code: 'not-ratified'; readonly facts: None }
  | { readonly code: 'way-back-begun'; readonly facts: None }
  | { readonly code: 'one-way'; readonly facts: { readonly tier: string; readonly why: string } }
  | { readonly code: 'unmet'; readonly facts: Unmet }
  | { readonly code: 'unmeasured'; readonly facts: None }
  | { readonly code: 'unread'; readonly facts: { readonly why: string } }
  | { readonly code: 'unchecked'; readonly facts: None }
  | { readonly code: 'contradiction'; readonly facts: { readonly why: string } }
  | { readonly code: 'attempt'; readonly facts: RunningAttempt };

/** An attempt whose session is running in a target. Its texts are what that session says about itself. */
export interface RunningAttempt {
  /** Of the server process. */
  readonly pid: number;
  readonly application: string;
  /** Where its client is; null: on the same machine, by a socket. */
  readonly client: string | null;
  readonly since: string;
}

/** Whose attempt is at work, and since when. */
export function explainAttempt({ pid, application, client, since }: RunningAttempt): string {
  const where = client === null ? 'on the machine of the server' : `from ${client}`;
  return `another attempt is at work: session ${pid} ("${application}") of oneroof_executor, ${where}, since ${since}`;
}

/** Writes it in one line. It may hold text of an author or of a target: shown through `printable`. */
export function explainHeld(reason: HeldReason): string {
  switch (reason.code) {
    case 'gate':
      return explainRefusal(reason.facts);
    case 'not-ratified':
      return 'no ratification of this seal was handed in';
    case 'way-back-begun':
      return 'the rollback of this cycle has begun; another rollout needs another ratification';
    case 'one-way':
      return `tier ${reason.facts.tier} is one-way: ${reason.facts.why}`;
    case 'unmet':
      return explainReason(reason.facts);
    case 'unmeasured':
      return 'data gates and invariants were not measured';
    case 'unread':
      return `the gate could not be asked: ${reason.facts.why}`;
    case 'unchecked':
      return 'the gate was not asked about a rollout';
    case 'contradiction':
      return `the rows of the gate contradict the release: ${reason.facts.why}`;
    case 'attempt':
      return explainAttempt(reason.facts);
    default:
      return reason satisfies never;
  }
}

/** What the record keeps with the outcome of a transaction: why it was not applied, or what is unknown about it. */
export const executionReason = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('gate'), facts: z.strictObject({ code: z.enum(refusalCodes), facts: said }) }),
  z.strictObject({ code: z.literal('server'), facts: said.extend({ state: z.string() }) }),
  z.strictObject({ code: z.literal('error'), facts: said.extend({ code: z.string() }) }),
  z.strictObject({ code: z.literal('connection-lost'), facts: z.strictObject({}) }),
  z.strictObject({ code: z.literal('unknown'), facts: z.strictObject({ why: z.string() }) }),
  z.strictObject({ code: z.literal('standby-behind'), facts: z.strictObject({}) }),
  z.strictObject({ code: z.literal('attempt-ended'), facts: z.strictObject({}) }),
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

/** Why a later check of the outcome did not find `applied`. */
export function outcomeReason(
  outcome: { readonly outcome: 'not-applied' } | { readonly outcome: 'unknown'; readonly why: string },
): ExecutionReason {
  return outcome.outcome === 'unknown'
    ? { code: 'unknown', facts: { why: outcome.why } }
    : { code: 'connection-lost', facts: {} };
}

/** Writes it in one line; older records contain the line itself. It may hold text of a target: shown through `printable`. */
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
    case 'attempt-ended':
      return 'the command ended before it committed';
    default:
      return reason satisfies never;
  }
}
