import { type Clone } from '../../clone/index.ts';
import { type Session } from '../../database/index.ts';
import { drawSeeds, SchemaDeltas } from '../../fingerprint/index.ts';
import { type Release } from '../../release/index.ts';
import { type Comparing, markClone, type MarkedClone } from '../comparison/index.ts';
import { readSchemaDigests } from '../footprint/index.ts';
import { type RehearsalOptions } from '../request/index.ts';
import { gone, withReleaseSession } from '../session/index.ts';
import { type Listener, openListener } from '../tier/index.ts';

/** A clone on which tiers run up and down, measured. */
export interface WorkClone extends MarkedClone {
  readonly listener: Listener;
}

/** What the acts of one rehearsal work with. It does not change meanwhile. */
export interface Ground extends Comparing {
  readonly options: RehearsalOptions;
  /** As it runs here: the role may differ from the one that the release names. */
  readonly release: Release;
  /** As it was made. */
  readonly first: WorkClone;
  /** Of the first clone, before anything of the release ran; `gate`: null where the database has none. */
  readonly digests: { readonly gate: string | null; readonly own: string };
  /** What must be done when the rehearsal ends, in reverse order. */
  readonly atEnd: AtEnd;
}

export type AtEnd = (end: () => Promise<unknown>) => void;

/** Prepares a clone, and closes what is open on clones when the rehearsal has ended. */
export async function withGround<T>(
  clone: Clone,
  options: RehearsalOptions,
  use: (ground: Ground) => Promise<T>,
): Promise<T> {
  const { release } = options.release;
  return await withEnds(async (atEnd) => {
    const first = await listenTo(await marked(clone, atEnd), release, atEnd);
    return await use({
      options,
      seeds: options.seeds ?? drawSeeds(),
      deltas: new SchemaDeltas(),
      release,
      first,
      digests: await readSchemaDigests(first.reading, options.host),
      atEnd,
    });
  });
}

/** Ends what was begun meanwhile, last first. */
export async function withEnds<T>(use: (atEnd: AtEnd) => Promise<T>): Promise<T> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return await use((end) => void ends.push(end));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** Marks a clone; its session stays open until the end. */
export async function marked(clone: Clone, atEnd: AtEnd): Promise<MarkedClone> {
  const mark = await markClone(clone);
  atEnd(() => mark.reading.close());
  return mark;
}

/** Listens to a clone before its first tier, because functions of the release may send notifications. */
export async function listenTo(on: MarkedClone, { tiers }: Release, atEnd: AtEnd): Promise<WorkClone> {
  const texts = tiers.flatMap(({ up, down }) => [...up, ...down]).map((step) => step.sql);
  try {
    const listener = await openListener(on.clone, texts);
    atEnd(() => listener.session.close());
    return { ...on, listener };
  } catch (error) {
    throw gone(error) ?? error;
  }
}

/** A session of the release on a clone. */
export function inSession<T>(
  { release, options }: Ground,
  clone: Clone,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  return withReleaseSession(clone.connection, { settings: release.settings, signal: options.signal }, use);
}
