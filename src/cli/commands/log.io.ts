import { printable, shortDigest } from '../../core/index.ts';
import { keyFingerprint } from '../../evidence/index.ts';
import { readSealed } from '../../release/index.ts';
import { readSetup } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { openStore } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Lists what was recorded, checked against the checkpoint, with who signed it; of one release where one is named. */
export const run: Run = async (context) => {
  const setup = await readSetup(context.folder);
  const seal = context.arguments[0] === undefined ? null : (await readSealed(releaseFolder(context))).seal;
  const { lines, checkpoint } = await openStore(setup).log();
  const entries = lines
    .filter(({ entry }) => seal === null || entry.seal === seal)
    .map(({ entry, signer }) => ({ ...entry, by: keyFingerprint(signer) }));
  const rows = entries.map((one) =>
    [
      String(one.index).padStart(5),
      one.recordedAt,
      one.kind.padEnd(12),
      shortDigest(one.seal),
      shortDigest(one.digest),
      one.by,
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
