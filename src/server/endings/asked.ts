/** What a quorum is asked to end. */
export type AskedEnding =
  | { readonly kind: 'abandonment'; readonly target: string; readonly seal: string }
  | { readonly kind: 'adoption'; readonly target: string };

/** The same, with how it is called. */
export type SignedEnding =
  | { readonly kind: 'abandonment'; readonly target: string; readonly seal: string; readonly name: string }
  | { readonly kind: 'adoption'; readonly target: string };

/** Why it is asked for, and what was handed in again before. */
export interface Asking {
  readonly reason: string;
  readonly again: readonly string[];
}
