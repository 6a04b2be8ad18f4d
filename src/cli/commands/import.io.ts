import { relative, resolve } from 'node:path';
import { OneRoofError, printable, truncate, stated } from '../../core/index.ts';
import { openObserver } from '../../database/index.ts';
import { importRelease, listRepository } from '../../import/index.ts';
import { quoted } from '../../report/index.ts';
import { readSetup } from '../../setup/index.ts';
import { projectOf } from '../check-subject.io.ts';
import { type CommandRun } from '../verb.ts';
import { targetFor } from '../work.io.ts';

/** Writes the migrations that are pending in a target as a release, with the rows that their tool would record. */
export const run: CommandRun = async (context) => {
  const { options, terminal } = context;
  const { into, history } = options;
  if (typeof into !== 'string')
    throw new OneRoofError('USAGE', {
      ...stated`the folder of the release is not named`,
      fix: 'oneroof import --into releases/NAME',
    });
  const folder = resolve(context.folder, into);
  const setup = await readSetup(context.folder);
  const target = targetFor(setup, context);
  const files = await listRepository(resolve(context.folder, context.arguments[0] ?? '.'));
  const project = await projectOf(files, context, 18);
  for (const { file, text } of project.warnings) terminal.say(printable(`warning ${file}: ${text}`));
  const observer = await openObserver(target.observer, { applicationName: 'oneroof import' });
  const named = typeof history === 'string' ? history : null;
  const found = await observer
    .snapshot((reading) => importRelease(reading, { project, files, folder, named }))
    .finally(() => observer.close());
  const { written, added, tiers, withoutDown, changes, unknown } = found;
  if (unknown.length > 0)
    terminal.say(
      printable(
        `${target.name} has had ${unknown.length} migrations that are not in this folder: ${truncate(unknown.join(', '), 200)}`,
      ),
    );
  for (const tier of withoutDown)
    terminal.say(
      `warning: tier ${tier} has no down, so it cannot be rolled back: docs/IMPORT.md says how to write one`,
    );
  for (const change of changes) terminal.say(`note: ${change}`);
  const show = (path: string): string => relative(process.cwd(), path);
  const name = quoted(show(folder) || '.');
  return {
    exit: 0,
    schema: 'oneroof/import/1',
    data: {
      target: target.name,
      tool: project.tool,
      history: found.history,
      folder,
      written,
      tiers,
      added,
      withoutDown,
      changes,
    },
    text: [
      `${added.length} of ${tiers.length} tiers of ${project.tool} are new in ${printable(show(folder))}`,
      ...written.map((path) => printable(show(path))),
    ].join('\n'),
    next: `oneroof lint ${name}, seal and rehearse --golden; the rehearsal names what touches and varies lack`,
  };
};
