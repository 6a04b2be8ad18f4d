import { writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { writeBundle } from '../../bundle/index.ts';
import { type Digest, OneRoofError, printable } from '../../core/index.ts';
import { openObserver } from '../../database/index.ts';
import { quoted } from '../../report/index.ts';
import { ratificationStage } from '../../pipeline.io.ts';
import { sealDocument } from '../../release/index.ts';
import { openWork, targetFor, type Work } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

/** Writes all that was recorded of a release to one new file, which can be checked without anything else. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const unasked =
    context.options['offline'] === true ? 'it was not asked' : await catchUp(context, { setup, sealed, store });
  const log = await store.log();
  const bytes = new Map<Digest, Uint8Array>();
  for (const { entry } of log.lines.filter((line) => line.entry.seal === sealed.seal)) {
    const found = await store.bytes(entry);
    if (found !== null) bytes.set(entry.digest, found);
  }
  const { name } = sealed.release;
  const text = writeBundle({
    release: { name, seal: sealed.seal },
    document: sealDocument(sealed.release),
    log,
    bytes,
  });
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

/** Records what people signed in the target and the log does not hold yet; answers why it could not be asked, or null. */
async function catchUp(context: Context, { setup, sealed, store }: Work): Promise<string | null> {
  const target = targetFor(setup, context);
  try {
    const observer = await openObserver(target.observer, { applicationName: 'oneroof bundle' });
    try {
      await observer.snapshot((session) => ratificationStage({ sealed, store }, { target: target.name, session }));
      return null;
    } finally {
      await observer.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.terminal.say(`${target.name} was not asked: ${printable(why)}; the bundle holds what the log tells`);
    return why;
  }
}
