/** A script of a page: `pages/NAME-page.ts`. */
export type ScriptName =
  | 'change'
  | 'enrol'
  | 'enter'
  | 'invitation'
  | 'people'
  | 'quorum'
  | 'release'
  | 'sign'
  | 'statement';

/** An activity as a page shows it: words that are safe to show as text. */
export interface ActivityView {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed' | 'held' | 'lost';
  /** E.g. `rollout of production`. */
  readonly what: string;
  readonly where: string;
  /** For a screen reader: it changes with the tier, not with each statement. */
  readonly said: string;
  readonly waiting: string;
  readonly step: { readonly n: number; readonly of: number } | null;
  readonly startedAt: string;
  readonly elapsedMs: number;
  readonly leftMs: number | null;
  readonly note: string;
}

/** A new entry of the evidence, as it is sent to a page. */
export interface RecordedView {
  readonly index: number;
  readonly kind: string;
  readonly digest: string;
  readonly recordedAt: string;
}

/** What a post is answered. */
export type PostAnswer<More extends object = object> = Done<More> | Refused;

type Done<More extends object> = { readonly ok: true; readonly text: string } & More;

interface Refused {
  readonly ok: false;
  readonly code: string;
  readonly text: string;
  readonly fix?: string;
}

/** A prompt for one assertion. Bytes are base64url. */
export interface BegunSigning {
  readonly ceremony: string;
  readonly challenge: string;
  readonly rpId: string;
  readonly credentials: readonly string[];
}
