import { relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { bundleText, catchUpStage, type Course } from '../../pipeline.io.ts';
import { quoted } from '../../report/index.ts';
import { type Setup } from '../../setup/index.ts';
import { newFile } from '../new-file.io.ts';
import { requireUnlost } from '../evidence-complete.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Writes all that was recorded of a release to one new file, which can be checked without anything else. */
export const run: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { out } = context.options;
  const file = newFile(context, typeof out === 'string' ? out : `${sealed.release.name}.bundle.json`);
  const course = { sealed, store };
  const unasked = context.options['offline'] === true ? '--offline' : await catchUp(context, setup, course);
  const text = await bundleText(course);
  file.write(text);
  const next = `oneroof verify-evidence ${quoted(relative(process.cwd(), file.path))}`;
  const data = { file: file.path, bytes: Buffer.byteLength(text), unasked };
  return { exit: 0, schema: 'oneroof/bundle/1', data, text: printable(file.path), next };
};

/** A lost log is not started again from the target's records: the bundle would say that nothing else was recorded. */
async function catchUp(context: Context, setup: Setup, course: Course): Promise<string | null> {
  const target = targetFor(setup, context);
  const { store, sealed } = course;
  await requireUnlost({ setup, store }, { target, seal: sealed.seal, applicationName: 'oneroof bundle' });
  const why = await catchUpStage(course, target, 'oneroof bundle');
  if (why !== null)
    context.terminal.say(`${target.name} was not asked: ${printable(why)}; the bundle holds only what the log has`);
  return why;
}
