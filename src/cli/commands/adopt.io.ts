import { printable, stated } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { describeGate } from '../../gate/index.ts';
import { readPolicy, readRegistry } from '../../people/index.ts';
import { readSetup, targetOf } from '../../setup/index.ts';
import { adoptCeremony, readyToAdopt, withRelay } from '../../signing/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { type CommandRun } from '../verb.ts';
import { openStore } from '../../store.io.ts';
import { abandonReason } from './abandon.io.ts';

/** Compares a database that was restored or moved with the log, and serves the page on which the quorum takes it as the target. */
export const run: CommandRun = async (context) => {
  const reason = abandonReason(context, 'adopt');
  const setup = await readSetup(context.folder);
  const store = openStore(setup);
  const target = targetOf(setup, context.arguments[0]);
  const pins = { policy: readPolicy(setup.policyFile), registry: readRegistry(setup.registryFile) };
  const { say } = context.terminal;
  return await withRelay(target, 'adopt', async (opened) => {
    const ready = await readyToAdopt(opened, { store, pins, say });
    const ceremony = await adoptCeremony(ready, { store, reason, onProblem: say });
    const { signed } = await runCeremony(context, {
      ceremony,
      setup,
      unfinished: {
        ...stated`${{ target: target.name }} is not adopted; the signatures so far are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    const { incarnation } = (await describeGate(opened.session)).facts;
    return {
      exit: 0,
      schema: 'oneroof/adopt/1',
      data: {
        target: target.name,
        statement: statementDigest(ceremony.body),
        incarnation,
        persons: signed,
        lost: ready.lost,
      },
      text: `adopted as ${target.name}, signed by ${signed.map((person) => printable(person)).join(', ')}; its incarnation is ${incarnation}`,
      next: 'ratify what you want to run here: earlier signatures are for another database',
    };
  });
};
