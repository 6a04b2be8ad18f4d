import { printable, shortDigest } from '../../core/index.ts';
import { keyFingerprint } from '../../evidence/index.ts';
import { readSealed } from '../../release/index.ts';
import { readSetup } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { openStore } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Lists what was recorded, checked against the checkpoint, with who signed it and whether it counts; of one release where one is named. */
export const run: Run = async (context) => {
  const setup = await readSetup(context.folder);
  const seal = context.arguments[0] === undefined ? null : (await readSealed(releaseFolder(context))).seal;
  const store = openStore(setup);
  const { lines, checkpoint } = await store.log();
  const uncounted = new Map<number, string>();
  for (const of of new Set(lines.map(({ entry }) => entry.seal)))
    if (seal === null || of === seal)
      for (const { entry, why } of (await store.heard(of, { target: setup.defaultTarget })).uncounted)
        uncounted.set(entry.index, why);
  const entries = lines
    .filter(({ entry }) => seal === null || entry.seal === seal)
    .map(({ entry, signer }) => ({
      ...entry,
      by: keyFingerprint(signer),
      uncounted: uncounted.get(entry.index) ?? null,
    }));
  const rows = entries.map((one) =>
    [
      String(one.index).padStart(5),
      one.recordedAt,
      one.kind.padEnd(12),
      shortDigest(one.seal),
      shortDigest(one.digest),
      one.by,
      ...(one.uncounted === null ? [] : [printable(`not counted: ${one.uncounted}`)]),
    ].join('  '),
  );
  return {
    exit: 0,
    schema: 'oneroof/log/1',
    data: { entries, checkpoint },
    text: [
      ...rows,
      '',
      printable(checkpoint === null ? 'nothing was recorded yet' : checkpoint.split('\n').slice(0, 3).join(' ')),
    ].join('\n'),
  };
};
