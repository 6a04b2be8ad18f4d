import { type Milliseconds } from '../core/index.ts';
import { type Policy, type Registry } from '../people/index.ts';
import type { Course } from '../pipeline.io.ts';
import { type Target } from '../setup/index.ts';
import type { DemoAuthenticator } from './demo-authenticator.io.ts';
import type { DemoProduction } from './demo-production.io.ts';
import { type Narration } from './narration.ts';

/** The commands that the demo types, as a person would. */
export type DemoCommand =
  | 'enrol'
  | 'review'
  | 'ratify'
  | 'rollout'
  | 'rollback'
  | 'fingerprint'
  | 'diff'
  | 'bundle'
  | 'verify-evidence';

/** A command as it is typed in the demo's folder. */
export interface Typed {
  readonly command: DemoCommand;
  readonly words?: readonly string[];
  readonly options?: Readonly<Record<string, string | boolean>>;
  /** Takes what the command says while it runs. */
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a command answered. */
export interface Answered {
  readonly exit: 0 | 1;
  readonly data: object;
  readonly text: string;
}

/** How the demo is run. */
export interface DemoPlan {
  /** Where the report, the evidence and the copy of the example go; made again. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** `page`: a person with a passkey ratifies. `auto`: keys of software do, NOT FOR PRODUCTION. */
  readonly ratify: 'page' | 'auto';
  /** Writes one line for people. */
  readonly write: (line: string) => void;
  /** Runs a command of One Roof in the demo's folder. */
  readonly command: (typed: Typed) => Promise<Answered>;
  /** Called at the end, while production still runs, when it is to be left running; the demo ends when it resolves. */
  readonly stay?: () => Promise<void>;
}

/** Someone of the demo's registry; with the authenticator that signs for them where no one is asked. */
export interface Enrolled {
  readonly id: string;
  readonly authenticator: DemoAuthenticator | null;
}

/** Who may ratify in the demo, and by which rules. */
export interface People {
  readonly policy: Policy;
  readonly registry: Registry;
  readonly persons: readonly Enrolled[];
}

/** What each chapter works with. */
export interface ChapterGround {
  readonly plan: DemoPlan;
  readonly narration: Narration;
  readonly production: DemoProduction;
  readonly target: Target;
  readonly course: Course;
  readonly people: People;
}

/** Work, and how long it took. */
export interface Timed<T> {
  readonly value: T;
  readonly took: Milliseconds;
}
