import { type Refusal } from '../gate/index.ts';

export { type Refusal, refusalOf } from '../gate/index.ts';

/** The SQLSTATE of an error of the server, or the code of one of ours; empty where it has none. */
export function stateOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** True where the gate refused because a newer attempt has begun. */
export function isFenced({ code }: Refusal): boolean {
  return code === 'fence';
}
