import { applyGate, planUpgrade, withInstaller } from '../../gate/index.ts';
import { readSetup, targetOf } from '../../setup/index.ts';
import { type CommandRun } from '../verb.ts';
import { printed } from './install.io.ts';

/** Prints the SQL that brings the gate to the version of this program, or runs it; refuses before anything is changed. */
export const run: CommandRun = async ({ folder, arguments: [named], options }) => {
  const target = targetOf(await readSetup(folder), named);
  return withInstaller(target, async (session) => {
    const { from, to, prepared } = await planUpgrade(session);
    const data = { target: target.name, from, to };
    if (prepared === null)
      return {
        exit: 0,
        schema: 'oneroof/upgrade/1',
        data: { ...data, applied: false },
        text: `nothing to do: the gate of ${target.name} is version ${to}`,
      };
    if (options['apply'] !== true) {
      const outcome = printed(prepared, 'upgrade');
      return { ...outcome, data: { ...data, ...outcome.data } };
    }
    await applyGate(session, prepared);
    return {
      exit: 0,
      schema: 'oneroof/upgrade/1',
      data: { ...data, applied: true, as: prepared.as },
      text: `upgraded the gate of ${target.name} from version ${from} to version ${to}; all statements, signatures and markers are kept`,
    };
  });
};
