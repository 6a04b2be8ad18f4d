import { OneRoofError, stated } from '../core/index.ts';
import { type Setup } from '../setup/index.ts';
import { type CloneHost } from './clone.ts';
import { refuseObserver } from './check.io.ts';
import { openCloneHost } from './host.io.ts';

/**
 * Opens the clone server of oneroof.yaml, and closes it whatever happens.
 *
 * Errors  CONFIG_INVALID where it names none, or the role of the copy is an observer.
 */
export async function withHost<T>(
  setup: Pick<Setup, 'clone' | 'file' | 'targets'>,
  use: (host: CloneHost) => Promise<T>,
): Promise<T> {
  if (setup.clone === null) {
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`${{ file: setup.file }} has no place for clones`,
      fix: 'fill in `clone:` in oneroof.yaml',
    });
  }
  const targets = Object.values(setup.targets);
  refuseObserver(setup.clone, targets);
  const host = await openCloneHost(setup.clone, targets);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}
