import { type CloneHost } from '../../clone/index.ts';
import { type Direction, type SealedRelease, type TierId } from '../../release/index.ts';
import { type AgainstProduction } from '../production/index.ts';

/** The stages of a rehearsal, in order. */
export const stages = [
  'preflight',
  'forward',
  'verify',
  'twin',
  'back',
  'prove',
  'partitions',
  'back-again',
  'forward-again',
  'verify-again',
] as const;
export type Stage = (typeof stages)[number];

/** What a rehearsal reports while it runs: its stages, before them the clone, and within a stage each statement as it begins. */
export type RehearsalEvent =
  | { readonly stage: Stage | 'clone'; readonly state: 'started' | 'passed' | 'failed' }
  | StepEvent;

/** A statement begins, in the stage that was started last. */
export interface StepEvent {
  readonly stage: null;
  readonly state: 'step';
  readonly tier: TierId;
  readonly direction: Direction;
  /** From 1, within tier and direction. */
  readonly n: number;
  readonly of: number;
  readonly title: string;
}

/** What a rehearsal needs. */
export interface RehearsalOptions {
  readonly release: SealedRelease;
  readonly host: CloneHost;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (event: RehearsalEvent) => void;
  /** How the golden copy stands to production, for the record. */
  readonly production?: AgainstProduction;
  /** Two 64-bit integers as text; drawn here, after the seal, where none are given. */
  readonly seeds?: readonly [string, string];
  /** Read every row for the proof, whatever changed. */
  readonly full?: true;
  /** Which clones stay for a person to look at; those that failed, where absent. */
  readonly keep?: 'never' | 'failed' | 'always';
}
