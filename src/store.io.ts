import { openFolderStore, openPostgresStore, type SignWith } from './evidence/index.ts';
import { readPin } from './people/index.ts';
import { readable, type Store } from './evidence-kinds/index.ts';
import { type Setup } from './setup/index.ts';

/** Opens the evidence store that oneroof.yaml names. */
export function openStore({ evidence, targets, registryFile, policyFile }: Setup, options: SignWith = {}): Store {
  return readable(
    evidence.kept === 'folder'
      ? openFolderStore(evidence.folder, options)
      : openPostgresStore(evidence.connection, { keyFile: evidence.keyFile, ...options }),
    (name) => {
      const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
      // a target that oneroof.yaml does not name has no registry that this machine knows
      if (target === undefined) return { pinned: 'nothing' };
      return readPin({ registryFile: target.registryFile ?? registryFile, policyFile });
    },
  );
}
