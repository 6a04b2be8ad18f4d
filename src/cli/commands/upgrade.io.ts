import { requireInstalled, withInstaller } from '../../gate/index.ts';
import { readSetup, targetOf } from '../../setup/index.ts';
import { type Run } from '../verb.ts';

/** There is one version so far, so a gate that is known is the newest. */
export const run: Run = async ({ folder, arguments: [named] }) => {
  const target = targetOf(await readSetup(folder), named);
  const version = await withInstaller(target, requireInstalled);
  return {
    exit: 0,
    schema: 'oneroof/upgrade/1',
    data: { target: target.name, version, changed: false },
    text: `nothing to do: the gate of ${target.name} is version ${version}`,
  };
};
