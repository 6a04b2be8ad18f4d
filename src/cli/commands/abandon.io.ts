import { OneRoofError, printable, stated } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { abandonCeremony, recorded, withRelay } from '../../signing/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** The reason that a command is given; people sign it. */
export function abandonReason({ options }: Context, command: string): string {
  const { reason } = options;
  if (typeof reason === 'string' && reason.trim() !== '') return reason;
  throw new OneRoofError('USAGE', { ...stated`a reason is missing`, fix: `oneroof ${command} … --reason "why"` });
}

/** Serves the page on which the quorum ends a release in a target as it is. */
export const run: CommandRun = async (context) => {
  const reason = abandonReason(context, 'abandon');
  const { setup, sealed, store } = await openWork(context);
  return await withRelay(targetFor(setup, context), 'abandon', async (relay) => {
    const ceremony = await abandonCeremony(relay, { sealed, reason });
    const { signed } = await runCeremony(context, {
      ceremony: recorded(ceremony, { course: { sealed, store }, relay, onProblem: context.terminal.say }),
      setup,
      unfinished: {
        ...stated`the release is not abandoned; the signatures so far are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    return {
      exit: 0,
      schema: 'oneroof/abandon/1',
      data: {
        target: relay.target,
        seal: sealed.seal,
        statement: statementDigest(ceremony.body),
        persons: signed,
        reason,
      },
      text: `abandoned in ${relay.target}, signed by ${signed.map((person) => printable(person)).join(', ')}: the release stays there in its present state, and its seal no longer opens anything there`,
    };
  });
};
