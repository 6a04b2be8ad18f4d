import { printable } from '../core/index.ts';

/** What the gate said when it refused. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
}

/** The SQLSTATE that the gate raises; its message is `gate: <code>: <text>`. */
const gateState = 'OR001';

/** The SQLSTATE of an error of the server, or the code of one of ours; empty where it has none. */
export function stateOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** Reads the gate's refusal out of an error; null where it is something else. */
export function refusalOf(error: unknown): Refusal | null {
  if (stateOf(error) !== gateState || !(error instanceof Error)) return null;
  const [, code = 'unknown', text = error.message] = /^gate: ([a-z-]+): (.*)$/s.exec(error.message) ?? [];
  return { code, text: printable(text) };
}

/** True where the gate refused because a newer attempt has begun. */
export function isFenced({ code }: Refusal): boolean {
  return code === 'fence';
}
