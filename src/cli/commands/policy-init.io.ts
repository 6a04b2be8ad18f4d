import { OneRoofError, printable, stated } from '../../core/index.ts';
import { policyText } from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { newFile } from '../new-file.io.ts';
import { inFolder } from '../next-command.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Writes a first policy, with comments, and never over a file that is there. */
export const run: CommandRun = async (context) => {
  const { out } = context.options;
  const setup = await readSetup(context.folder);
  const target = newFile(context, typeof out === 'string' ? out : setup.policyFile);
  target.write(policyText(originOf(context, setup.pagePort)));
  return {
    exit: 0,
    schema: 'oneroof/policy-init/1',
    data: { file: target.path },
    text: printable(target.path),
    next: `read and change it, then ${inFolder(context, 'policy check')}; then ${firstPerson(context)}`,
  };
};

/** The command that makes the registry, with its first person. */
export function firstPerson(context: Pick<Context, 'folder'>): string {
  return `${inFolder(context, 'enrol')} --first --person ana --name "Ana" --level 4`;
}

/** Where people will sign: this machine, where no one says. */
function originOf({ options }: Context, port: number): string {
  const { origin } = options;
  if (typeof origin !== 'string') return `http://localhost:${port}`;
  const url = URL.canParse(origin) ? new URL(origin) : null;
  const isLocal = url?.protocol === 'http:' && url.hostname === 'localhost';
  if (url !== null && url.origin === origin && (url.protocol === 'https:' ? url.hostname !== 'localhost' : isLocal))
    return origin;
  throw new OneRoofError('USAGE', {
    ...stated`--origin ${{ origin: printable(origin) }} is not a valid address of a page for passkeys: expected https and a host name`,
    fix: 'leave out a slash at the end: oneroof policy init --origin https://gate.example.org; without --origin the policy is for this machine',
  });
}
