import { type ActivityBoard, openFolderBoard, openPostgresBoard } from '../activity/index.ts';
import { type NonEmpty } from '../core/index.ts';
import { type Store } from '../evidence-kinds/index.ts';
import { openStore } from '../store.io.ts';
import { readSealed, type SealedRelease } from '../release/index.ts';
import { readSetup, type Setup, type Target, targetOf, targetsOf } from '../setup/index.ts';
import { releaseFolder } from './release-folder.ts';
import { type Context } from './verb.ts';

/** What the commands of a sealed release work on. */
export interface ReleaseTools {
  readonly setup: Setup;
  readonly sealed: SealedRelease;
  readonly store: Store;
}

/** Reads oneroof.yaml and the sealed release, and opens the evidence store. */
export async function openWork(context: Context): Promise<ReleaseTools> {
  const setup = await readSetup(context.folder);
  const sealed = await readSealed(releaseFolder(context));
  return { setup, sealed, store: openStore(setup) };
}

/** Opens the board of running work, beside the evidence. */
export function openBoard({ evidence }: Setup): ActivityBoard {
  return evidence.kept === 'folder' ? openFolderBoard(evidence.folder) : openPostgresBoard(evidence.connection);
}

/** The target that a command names, or the default one. */
export function targetFor(setup: Setup, context: Context): Target {
  const name = context.options['target'];
  return targetOf(setup, typeof name === 'string' ? name : setup.defaultTarget);
}

/** The target that a command names, or every one of oneroof.yaml, the default one first. */
export function targetsFor(setup: Setup, context: Context): NonEmpty<Target> {
  return typeof context.options['target'] === 'string' ? [targetFor(setup, context)] : targetsOf(setup);
}
