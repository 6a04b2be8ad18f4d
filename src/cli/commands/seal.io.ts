import { type Json, OneRoofError, printable, truncate } from '../../core/index.ts';
import { sealStage } from '../../pipeline.io.ts';
import { checkSeal, type SealedRelease, sealRelease } from '../../release/index.ts';
import { readSetup, type Setup } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { openStore } from '../../store.io.ts';
import { type Context, type CommandRun } from '../verb.ts';
import { sameFor } from '../next-command.ts';
import { sayStaleReviews } from '../stale-reviews.io.ts';
import { type CommandOutcome } from '../output.io.ts';

/** Seals a release, or with --check says what has changed since. */
export const run: CommandRun = async (context) => (context.options['check'] === true ? check(context) : seal(context));

async function seal(context: Context): Promise<CommandOutcome> {
  const folder = releaseFolder(context);
  // a release can be sealed before there is a place for evidence
  const setup = await readSetup(context.folder).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'CONFIG_NOT_FOUND') return null;
    throw error;
  });
  const sealed = setup === null ? await sealRelease(folder) : await sealIn(context, { setup, folder });
  const next = sameFor(context, 'rehearse');
  return { exit: 0, schema: 'oneroof/seal/1', data: { seal: sealed.seal }, text: sealed.seal, next };
}

async function sealIn(
  context: Context,
  { setup, folder }: { readonly setup: Setup; readonly folder: string },
): Promise<SealedRelease> {
  const { sealed, store } = await sealStage(folder, openStore(setup));
  await sayStaleReviews(context, { sealed, store, target: setup.defaultTarget });
  return sealed;
}

async function check(context: Context): Promise<CommandOutcome> {
  const { sealed, current, changes } = await checkSeal(releaseFolder(context));
  const unchanged = sealed === current;
  const lines = changes.map(
    ({ path, before, after }) => `changed  ${printable(path)}: ${short(before)} -> ${short(after)}`,
  );
  const first =
    sealed === null ? 'not sealed' : unchanged ? `unchanged  ${sealed}` : `sealed   ${sealed}\nnow      ${current}`;
  return {
    exit: unchanged ? 0 : 1,
    schema: 'oneroof/seal-check/1',
    data: { sealed, current, changes },
    text: [first, ...lines].join('\n'),
    next: sameFor(context, unchanged ? 'rehearse' : 'seal'),
  };
}

function short(value: Json): string {
  return printable(truncate(JSON.stringify(value), 60));
}
