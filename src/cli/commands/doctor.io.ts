import { embeddedBinaries } from '../../database/index.ts';
import { printable } from '../../core/index.ts';
import { readRelease, type Release } from '../../release/index.ts';
import { readSetup, type Setup, targetOf } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { check, type DoctorCheck, fine } from '../doctor-check.ts';
import { checkClones, checkTarget } from '../doctor-checks.io.ts';
import { checkFinding } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { inFolder } from '../next-command.ts';
import { lookOf } from '../output.io.ts';
import { type TextLayout, table } from '../text/index.ts';
import { type CommandRun } from '../verb.ts';

/** Checks the machine, the configuration and every target; exit 1 where something is wrong. */
export const run: CommandRun = async (context) => {
  const { folder, options, terminal, signal } = context;
  const checks: DoctorCheck[] = [
    { name: 'Node', outcome: 'ok', text: process.version, ...fine, facts: { version: process.version } },
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
    data: { checks: checks.map((one) => checkFinding(one, typedOf(context))) },
    text: checks.flatMap((one) => lines(one, look)).join('\n'),
    next:
      broken.length === 0
        ? 'oneroof seal RELEASE, where RELEASE is the folder of your release'
        : `fix the problems above, then ${inFolder({ folder }, 'doctor')}`,
  };
};

async function checkSetup(
  setup: Setup,
  call: Pick<Parameters<CommandRun>[0], 'options' | 'terminal' | 'signal'> & { readonly release: Release | null },
): Promise<DoctorCheck[]> {
  const wanted = call.options['target'];
  const names = typeof wanted === 'string' ? [targetOf(setup, wanted).name] : Object.keys(setup.targets);
  const found: DoctorCheck[] = [];
  for (const name of names) {
    call.signal.throwIfAborted();
    call.terminal.progress(`reading ${name}`);
    found.push(...(await checkTarget(setup, { name, release: call.release })));
  }
  found.push(...(await checkClones(setup)));
  return found;
}

function lines({ name, outcome, text, fix }: DoctorCheck, look: TextLayout): readonly string[] {
  const first = table([[outcome, `${printable(name)}: ${printable(text)}`]], look, { width: 7 });
  if (fix === null) return first;
  // not broken into lines: it is there to be copied
  return [...first, ...fix.split('\n').map((line) => `         ${printable(line)}`)];
}
