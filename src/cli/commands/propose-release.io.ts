import { printable } from '../../core/index.ts';
import { shortCode, statementDigest } from '../../evidence/index.ts';
import { requireLoopback } from '../../gate/index.ts';
import { ratifyCeremony, withRelay } from '../../signing/index.ts';
import { hoursOf } from '../hours.ts';
import { sameFor } from '../next-command.ts';
import { type CommandRun } from '../verb.ts';
import { openWork, targetFor } from '../work.io.ts';

/** Records what people are asked to sign, as `ratify` does, and says where they read and sign it; a statement that waits already is named again. */
export const run: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  const hours = hoursOf(context);
  return await withRelay(target, 'propose', async (relay) => {
    const isOutside = sealed.release.tiers.some(
      ({ transaction, barred }) => transaction === 'outside' && barred === null,
    );
    if (isOutside) await requireLoopback(relay.session, target.name);
    const plan = { course: { sealed, store }, target, hours, purpose: { what: 'rollout' } } as const;
    const ceremony = await ratifyCeremony(relay, plan);
    for (const one of ceremony.refused) context.terminal.say(`ATTACK: ${printable(one)}`);
    const { complete, signed, missing } = await ceremony.standing();
    const statement = statementDigest(ceremony.body);
    const address = `${relay.policy.origin}/statements/${statement}`;
    const code = shortCode(statement);
    return {
      exit: 0,
      schema: 'oneroof/propose/1',
      data: { target: target.name, statement, code, address, complete, signed, missing },
      text: [
        `people are asked to ratify ${printable(sealed.release.name)} for ${printable(target.name)}: ${statement}`,
        complete ? 'every signature is there' : `missing: ${printable(missing.join('; '))}`,
        `the page: ${address}`,
        `the code that they type: ${code}`,
      ].join('\n'),
      next: complete
        ? sameFor(context, 'gate')
        : `people open the page, which \`oneroof serve\` serves; or a person runs ${sameFor(context, 'ratify')}`,
    };
  });
};
