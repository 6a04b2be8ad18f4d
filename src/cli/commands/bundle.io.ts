import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { writeBundle } from '../../bundle/index.ts';
import { type Digest, OneRoofError, printable } from '../../core/index.ts';
import { sealDocument } from '../../release/index.ts';
import { openWork } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Writes all that was recorded of a release to one new file, which can be checked without anything else. */
export const run: Run = async (context) => {
  const { sealed, store } = await openWork(context);
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
  return { exit: 0, schema: 'oneroof/bundle/1', data: { file, bytes: Buffer.byteLength(text) }, text: printable(file) };
};
