import { userInfo } from 'node:os';
import { relative } from 'node:path';
import { withHost } from '../../clone/index.ts';
import { printable } from '../../core/index.ts';
import { draftDown } from '../../rehearsal/index.ts';
import { readWithoutDown, type TierId, writeDraftDown } from '../../release/index.ts';
import { readSetup } from '../../setup/index.ts';
import { problemFinding } from '../finding.ts';
import { sameFor } from '../next-command.ts';
import { releaseFolder } from '../release-folder.ts';
import { typedOf } from '../typed-line.ts';
import { type CommandRun } from '../verb.ts';

/** Drafts the rollback of a tier on clones, and writes it into the release; exit 1 where something is left to write. */
export const run: CommandRun = async (context) => {
  const { terminal, signal } = context;
  const [, tier = ''] = context.arguments;
  const folder = releaseFolder(context);
  const setup = await readSetup(context.folder);
  const { release, around } = await readWithoutDown(folder, tier);
  const { begin, end, down, left } = await withHost(setup, (host) =>
    draftDown({
      release,
      tier: tier as TierId,
      around,
      host,
      owner: userInfo().username,
      signal,
      onPass: (pass) =>
        terminal.say(pass === 1 ? 'comparing clones before and after the tier' : `trying the draft (${pass - 1})`),
    }),
  );
  const files = await writeDraftDown(folder, tier, {
    begin,
    end,
    down,
    left: left.map(({ problem, fix }) => printable(`${problem}: ${fix}`)),
  });
  return {
    exit: left.length === 0 ? 0 : 1,
    schema: 'oneroof/draft-down/1',
    data: { tier, files, begin, end, down, left: left.map((one) => problemFinding(one, typedOf(context))) },
    text: [
      ...files.map((file) => printable(relative(process.cwd(), file))),
      ...left.map(({ problem, fix }) => printable(`not undone: ${problem}\n  fix: ${fix}`)),
    ].join('\n'),
    next: `read ${left.length === 0 ? '' : 'and complete '}the draft, then ${sameFor({ ...context, arguments: context.arguments.slice(0, 1) }, 'lint')}, seal and rehearse: only that proves it`,
  };
};
