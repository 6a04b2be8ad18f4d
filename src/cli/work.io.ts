import { type ActivityBoard, openFolderBoard, openPostgresBoard } from '../activity/index.ts';
import { type CloneHost, openCloneHost } from '../clone/index.ts';
import { OneRoofError } from '../core/index.ts';
import { openFolderStore, openPostgresStore } from '../evidence/index.ts';
import { readPin } from '../gate/index.ts';
import { readable, type Store } from '../kinds/index.ts';
import { readSealed, type SealedRelease } from '../release/index.ts';
import { readSetup, type Setup, type Target, targetOf } from '../setup/index.ts';
import { releaseFolder } from './release-folder.ts';
import { type Context } from './verb.ts';

/** What the commands of a sealed release work on. */
export interface Work {
  readonly setup: Setup;
  readonly sealed: SealedRelease;
  readonly store: Store;
}

/** Reads oneroof.yaml and the sealed release, and opens the evidence store. */
export async function openWork(context: Context): Promise<Work> {
  const setup = await readSetup(context.folder);
  const sealed = await readSealed(releaseFolder(context));
  return { setup, sealed, store: openStore(setup) };
}

/** Opens the evidence store that oneroof.yaml names. */
export function openStore({ evidence, targets, registryFile, policyFile }: Setup): Store {
  return readable(
    evidence.kept === 'folder'
      ? openFolderStore(evidence.folder)
      : openPostgresStore(evidence.connection, { keyFile: evidence.keyFile }),
    (name) => {
      const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
      // a target that oneroof.yaml does not name has no registry that this machine knows
      if (target === undefined) return { pinned: 'nothing' };
      return readPin({ registryFile: target.registryFile ?? registryFile, policyFile });
    },
  );
}

/** Opens the board of what runs now: beside the evidence. */
export function openBoard({ evidence }: Setup): ActivityBoard {
  return evidence.kept === 'folder' ? openFolderBoard(evidence.folder) : openPostgresBoard(evidence.connection);
}

/** The target that a command names, or the default one. */
export function targetFor(setup: Setup, context: Context): Target {
  const name = context.options['target'];
  return targetOf(setup, typeof name === 'string' ? name : setup.defaultTarget);
}

/** Opens the clone server of oneroof.yaml for one command, and closes it whatever happens. */
export async function withHost<T>(setup: Setup, use: (host: CloneHost) => Promise<T>): Promise<T> {
  if (setup.clone === null) {
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `${setup.file} names no place for clones`,
      fix: 'fill in `clone:` in oneroof.yaml',
    });
  }
  const host = await openCloneHost(setup.clone);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}
