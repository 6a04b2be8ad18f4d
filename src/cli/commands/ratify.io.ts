import { OneRoofError, printable, stated } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { readClocks, requireClocks, requireLoopback } from '../../gate/index.ts';
import { verdictFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import {
  directionOf,
  ratifyCeremony,
  type RatifyPurpose,
  readVerdictNow,
  recorded,
  type Relay,
  verdictNowText,
  withRelay,
} from '../../signing/index.ts';
import { hoursOf } from '../hours.ts';
import { sameFor } from '../next-command.ts';
import { runCeremony } from '../page-run.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type CommandRun } from '../verb.ts';
import { changing } from './change.io.ts';

/** Serves the page on which people ratify a release, or the next registry or policy. Nothing but their passkeys opens the gate. */
export const run: CommandRun = async (context) => {
  const [release] = context.arguments;
  const { registry, policy } = context.options;
  const named = [release, registry, policy].filter((one) => typeof one === 'string');
  if (named.length !== 1)
    throw new OneRoofError('USAGE', {
      ...stated`ratify takes one subject: a release, the next registry, or the next policy`,
      fix: 'oneroof ratify my-release, or --registry registry.next.json, or --policy policy.next.yaml',
    });
  if (typeof registry === 'string') return await changing('registry', registry, context);
  return typeof policy === 'string' ? await changing('policy', policy, context) : await ratifyRelease(context);
};

const ratifyRelease: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  const course = { sealed, store };
  const purpose = purposeOf(context);
  return await withRelay(target, 'ratify', async (relay) => {
    await sayClocks(context, relay);
    const isOutside = sealed.release.tiers.some(
      ({ transaction, barred }) => transaction === 'outside' && barred === null,
    );
    if (isOutside && purpose.what === 'rollout') await requireLoopback(relay.session, target.name);
    const ceremony = await ratifyCeremony(relay, { course, target, hours: hoursOf(context), purpose });
    for (const one of ceremony.refused) context.terminal.say(`ATTACK: ${printable(one)}`);
    const held = (await ceremony.held?.()) ?? null;
    if (held !== null) context.terminal.say(held.text);
    const only = directionOf(purpose);
    context.terminal.say(verdictNowText(await readVerdictNow(course, target), { target: target.name, only }));
    const { signed } = await runCeremony(context, {
      ceremony: recorded(ceremony, { course, relay, onProblem: context.terminal.say }),
      setup,
      onSite: true,
      unfinished: {
        ...stated`the gate is not open yet; the signatures so far are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    const statement = statementDigest(ceremony.body);
    const now = await readVerdictNow(course, target);
    return {
      exit: 0,
      schema: 'oneroof/ratify/1',
      data: { statement, persons: signed, verdict: verdictFindings(now[only], typedOf(context)) },
      text: [
        `ratified by ${signed.map((person) => printable(person)).join(', ')}: ${statement}`,
        verdictNowText(now, { target: target.name, only }),
      ].join('\n'),
      next: `${sameFor(context, purpose.what === 'rollback' ? 'rollback' : 'rollout')} --dry-run, then without it`,
    };
  });
};

/** Ratifying continues: the database judges by its own clock, and says if a time does not fit. */
async function sayClocks({ terminal }: Context, { session, target }: Relay): Promise<void> {
  try {
    requireClocks(await readClocks(session), target);
  } catch (error) {
    if (!(error instanceof OneRoofError) || error.code !== 'CLOCK_DIFFERS') throw error;
    const [{ code, problem, fix }] = error.problems;
    terminal.say(`warning: ${printable(problem)} [${code}]\nhint: ${printable(fix)}`);
  }
}

function purposeOf({ options }: Context): RatifyPurpose {
  const { holdPoint, rollback, acceptDrift } = options;
  if (acceptDrift === true && rollback !== true)
    throw new OneRoofError('USAGE', {
      ...stated`--accept-drift is only for a rollback: a rollout needs a rehearsal on the present schema`,
      fix: 'add --rollback, or rehearse again on a new copy: oneroof rehearse --golden',
    });
  if (typeof holdPoint === 'string' && rollback === true)
    throw new OneRoofError('USAGE', {
      ...stated`--hold-point is for a rollout, --rollback for its rollback: they exclude each other`,
      fix: 'give only one of them',
    });
  if (typeof holdPoint === 'string') return { what: 'tier', tier: holdPoint };
  return rollback === true ? { what: 'rollback', acceptDrift: acceptDrift === true } : { what: 'rollout' };
}
