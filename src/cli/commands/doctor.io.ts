import { embeddedBinaries, observerGrants, openObserver } from '../../database/index.ts';
import { type ErrorCode, OneRoofError, printable } from '../../core/index.ts';
import { findGrants, findNeeds, type Needs } from '../../gate/index.ts';
import { readRelease, type Release } from '../../release/index.ts';
import { readSetup, type Setup, targetOf } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { inFolder } from '../next.ts';
import { lookOf } from '../output.io.ts';
import { type Look, table } from '../text/index.ts';
import { type Run } from '../verb.ts';

/** One thing that was checked. */
interface Check {
  readonly name: string;
  readonly outcome: 'ok' | 'problem';
  readonly text: string;
  /** Null where nothing is to be done. */
  readonly fix: string | null;
}

/** Checks the machine, the configuration and every target; exit 1 where something is wrong. */
export const run: Run = async (context) => {
  const { folder, options, terminal, signal } = context;
  const checks: Check[] = [
    { name: 'Node', outcome: 'ok', text: process.version, fix: null },
    ...(await check('embedded PostgreSQL', async () => `${embeddedBinaries().major}`)),
  ];
  let setup: Setup | null = null;
  checks.push(
    ...(await check('oneroof.yaml', async () => {
      setup = await readSetup(folder);
      return setup.file;
    })),
  );
  let release: Release | null = null;
  if (context.arguments.length > 0)
    checks.push(
      ...(await check('release', async () => {
        release = await readRelease(releaseFolder(context));
        return `${release.name}: nothing to correct`;
      })),
    );
  if (setup !== null) checks.push(...(await checkSetup(setup, { options, terminal, signal, release })));
  const broken = checks.filter(({ outcome }) => outcome === 'problem');
  const look = lookOf('stdout');
  return {
    exit: broken.length === 0 ? 0 : 1,
    schema: 'oneroof/doctor/1',
    data: { checks },
    text: checks.flatMap((one) => lines(one, look)).join('\n'),
    next:
      broken.length === 0
        ? 'oneroof seal RELEASE, with the folder of a release'
        : `mend what is marked as a problem, then ${inFolder({ folder }, 'doctor')}`,
  };
};

async function checkSetup(
  setup: Setup,
  call: Pick<Parameters<Run>[0], 'options' | 'terminal' | 'signal'> & { readonly release: Release | null },
): Promise<Check[]> {
  const wanted = call.options['target'];
  const names = typeof wanted === 'string' ? [targetOf(setup, wanted).name] : Object.keys(setup.targets);
  const found: Check[] = [];
  for (const name of names) {
    call.signal.throwIfAborted();
    call.terminal.progress(`looking at ${name}`);
    found.push(...(await checkTarget(setup, { name, release: call.release })));
  }
  found.push(
    setup.clone === null
      ? {
          name: 'clones',
          outcome: 'problem',
          text: 'oneroof.yaml names no place for clones, so nothing can be rehearsed',
          fix: 'fill in `clone:` in oneroof.yaml',
        }
      : { name: 'clones', outcome: 'ok', text: `provider ${setup.clone.provider}`, fix: null },
  );
  return found;
}

async function checkTarget(
  setup: Setup,
  { name, release }: { readonly name: string; readonly release: Release | null },
): Promise<Check[]> {
  const title = `target ${name}`;
  let gate: readonly string[] | null = null;
  let needs: Needs | null = null;
  const wants: Check = { name: title, outcome: 'problem', text: 'it wants a role that cannot write', fix: grants };
  const look = async (): Promise<string> => {
    const observer = await openObserver(targetOf(setup, name).observer, { applicationName: 'oneroof doctor' });
    const version = Math.floor(observer.serverVersion / 10_000);
    gate = await observer.snapshot(findGrants);
    if (release !== null) needs = await observer.snapshot((reading) => findNeeds(reading, release));
    await observer.close();
    return `PostgreSQL ${version}, ${observer.role} cannot write${observer.standby ? ' (a standby)' : ''}`;
  };
  const found = await check(title, look, (code) => (code === 'OBSERVER_CAN_WRITE' ? [wants] : []));
  return [...found, ...gateCheck(name, gate), ...needsCheck(name, needs)];
}

/** What the role of a rollout lacks for a release. */
function needsCheck(name: string, needs: Needs | null): Check[] {
  if (needs === null) return [];
  const title = `release on ${name}`;
  if (needs.lacking.length === 0)
    return [{ name: title, outcome: 'ok', text: `${needs.role} has the rights that it needs`, fix: null }];
  return needs.lacking.map(({ text, fix }) => ({
    name: title,
    outcome: 'problem',
    text,
    fix: fix.endsWith(';') ? `run as a superuser or the owner: ${fix}` : fix,
  }));
}

/** The rights of the gate's roles, where there is a gate. */
function gateCheck(name: string, fixes: readonly string[] | null): Check[] {
  if (fixes === null) return [];
  const title = `gate of ${name}`;
  if (fixes.length === 0)
    return [{ name: title, outcome: 'ok', text: 'its roles may do what they must, no more', fix: null }];
  const text = 'rights of its roles are missing, or more than it needs';
  return [{ name: title, outcome: 'problem', text, fix: ['run as its owner:', ...fixes].join('\n') }];
}

const grants = `run once as the owner of the database:\n${observerGrants('oneroof_observer', ['public'])}`;

/** Turns what a check throws into problems, and what more is to be said of its code; a defect of ours stays one. */
async function check(
  name: string,
  look: () => Promise<string>,
  more: (code: ErrorCode) => readonly Check[] = () => [],
): Promise<Check[]> {
  try {
    return [{ name, outcome: 'ok', text: await look(), fix: null }];
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    const found = error.problems.map(({ problem, fix }): Check => ({ name, outcome: 'problem', text: problem, fix }));
    return [...found, ...more(error.code)];
  }
}

function lines({ name, outcome, text, fix }: Check, look: Look): readonly string[] {
  const first = table([[outcome, `${printable(name)}: ${printable(text)}`]], look, { width: 7 });
  if (fix === null) return first;
  // not broken into lines: it is there to be copied
  return [...first, ...fix.split('\n').map((line) => `         ${printable(line)}`)];
}
