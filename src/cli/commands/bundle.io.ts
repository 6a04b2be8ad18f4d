import { writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { OneRoofError, printable } from '../../core/index.ts';
import { bundleText, catchUpStage, type Course } from '../../pipeline.io.ts';
import { quoted } from '../../report/index.ts';
import { type Setup } from '../../setup/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

/** Writes all that was recorded of a release to one new file, which can be checked without anything else. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const course = { sealed, store };
  const unasked = context.options['offline'] === true ? 'it was not asked' : await catchUp(context, setup, course);
  const text = await bundleText(course);
  const { name } = sealed.release;
  const { out } = context.options;
  const file = resolve(context.folder, typeof out === 'string' ? out : `${name}.bundle.json`);
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    const there = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new OneRoofError(there ? 'ALREADY_EXISTS' : 'CONFIG_NOT_FOUND', {
      problem: `${printable(file)} ${there ? 'is there already' : 'cannot be written'}`,
      fix: 'name another file with --out',
      cause,
    });
  }
  const next = `oneroof verify-evidence ${quoted(relative(process.cwd(), file))}`;
  const data = { file, bytes: Buffer.byteLength(text), unasked };
  return { exit: 0, schema: 'oneroof/bundle/1', data, text: printable(file), next };
};

async function catchUp(context: Context, setup: Setup, course: Course): Promise<string | null> {
  const target = targetFor(setup, context);
  const why = await catchUpStage(course, target, 'oneroof bundle');
  if (why !== null)
    context.terminal.say(`${target.name} was not asked: ${printable(why)}; the bundle holds what the log tells`);
  return why;
}
