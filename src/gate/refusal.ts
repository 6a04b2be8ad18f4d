import { printable } from '../core/index.ts';

/** What the gate of a database said when it refused. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
}

/** The SQLSTATE that the gate raises; its message is `gate: <code>: <text>`. */
const gateState = 'OR001';

/** Reads the gate's refusal out of an error; null where it is something else. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || Reflect.get(error, 'code') !== gateState) return null;
  const [, code = 'unknown', text = error.message] = /^gate: ([a-z-]+): (.*)$/s.exec(error.message) ?? [];
  return { code, text: printable(text) };
}
