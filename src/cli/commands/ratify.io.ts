import { OneRoofError, printable } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { ratifyCeremony, type RatifyPurpose, recorded, withRelay } from '../../web/index.ts';
import { sameFor } from '../next.ts';
import { runCeremony } from '../page-run.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';
import { changing } from './change.io.ts';

/** Serves the page on which people ratify a release, or the next registry or policy. Nothing but their passkeys opens the gate. */
export const run: Run = async (context) => {
  const [release] = context.arguments;
  const { registry, policy } = context.options;
  const named = [release, registry, policy].filter((one) => typeof one === 'string');
  if (named.length !== 1)
    throw new OneRoofError('USAGE', {
      problem: 'ratify is for one thing: a release, the next registry, or the next policy',
      fix: 'oneroof ratify my-release, or --registry registry.next.json, or --policy policy.next.yaml',
    });
  if (typeof registry === 'string') return await changing('registry', registry, context);
  return typeof policy === 'string' ? await changing('policy', policy, context) : await ratifyRelease(context);
};

const ratifyRelease: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  const course = { sealed, store };
  const purpose = purposeOf(context);
  return await withRelay(target, 'ratify', async (relay) => {
    const ceremony = await ratifyCeremony(relay, { course, target, hours: hoursOf(context), purpose });
    for (const one of ceremony.refused) context.terminal.say(`ATTACK: ${printable(one)}`);
    const early = (await ceremony.early?.()) ?? null;
    if (early !== null) context.terminal.say(early);
    const { signed } = await runCeremony(context, {
      ceremony: recorded(ceremony, { course, relay, onProblem: context.terminal.say }),
      pagePort: setup.pagePort,
      unfinished: {
        problem: 'the gate is not open yet; the signatures that were given are kept',
        fix: 'run the command again: the others sign the same statement',
      },
    });
    const statement = statementDigest(ceremony.body);
    return {
      exit: 0,
      schema: 'oneroof/ratify/1',
      data: { statement, persons: signed },
      text: `ratified by ${signed.map((person) => printable(person)).join(', ')}: ${statement}`,
      next: `${sameFor(context, purpose.what === 'rollback' ? 'rollback' : 'rollout')} --dry-run, then without it`,
    };
  });
};

function purposeOf({ options }: Context): RatifyPurpose {
  const { holdPoint, rollback } = options;
  if (typeof holdPoint === 'string' && rollback === true)
    throw new OneRoofError('USAGE', {
      problem: '--hold-point is for a rollout, and --rollback for the rollback of it',
      fix: 'give one of them',
    });
  if (typeof holdPoint === 'string') return { what: 'tier', tier: holdPoint };
  return { what: rollback === true ? 'rollback' : 'rollout' };
}

function hoursOf({ options }: Context): number | null {
  if (options['hours'] === undefined) return null;
  const hours = Number(options['hours']);
  if (!(hours > 0)) throw new OneRoofError('USAGE', { problem: '--hours is not a number of hours', fix: '--hours 4' });
  return hours;
}
