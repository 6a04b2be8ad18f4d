import { OneRoofError, printable } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { abandonCeremony, recorded, withRelay } from '../../web/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

/** The reason that a command is given; people sign it. */
export function reasonOf({ options }: Context, command: string): string {
  const { reason } = options;
  if (typeof reason === 'string' && reason.trim() !== '') return reason;
  throw new OneRoofError('USAGE', { problem: 'a reason is missing', fix: `oneroof ${command} … --reason "why"` });
}

/** Serves the page on which the quorum ends a release in a target as it is. */
export const run: Run = async (context) => {
  const reason = reasonOf(context, 'abandon');
  const { setup, sealed, store } = await openWork(context);
  return await withRelay(targetFor(setup, context), 'abandon', async (relay) => {
    const ceremony = await abandonCeremony(relay, { sealed, reason });
    const { signed } = await runCeremony(context, {
      ceremony: recorded(ceremony, { course: { sealed, store }, relay, onProblem: context.terminal.say }),
      pagePort: setup.pagePort,
      unfinished: {
        problem: 'the release is not abandoned; the signatures that were given are kept',
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
      text: `abandoned in ${relay.target}, signed by ${signed.map((person) => printable(person)).join(', ')}: it stays there as it is, and its seal opens nothing there any more`,
    };
  });
};
