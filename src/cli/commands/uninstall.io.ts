import { applyGate, planUninstall, withInstaller } from '../../gate/index.ts';
import { readSetup, targetOf } from '../../setup/index.ts';
import { type CommandRun } from '../verb.ts';
import { printed } from './install.io.ts';

/** Prints the SQL that removes the gate, or runs it; the database refuses while a release is half way. */
export const run: CommandRun = async ({ folder, arguments: [named], options }) => {
  const target = targetOf(await readSetup(folder), named);
  return withInstaller(target, async (session) => {
    const prepared = await planUninstall(session);
    if (options['apply'] !== true) return printed(prepared, 'uninstall');
    await applyGate(session, prepared);
    return {
      exit: 0,
      schema: 'oneroof/uninstall/1',
      data: { target: target.name, applied: true, as: prepared.as },
      text: `removed from ${target.name}; the roles remain, because other databases of the server may use them`,
    };
  });
};
