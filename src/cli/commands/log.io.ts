import { OneRoofError, printable, type Problem, shortDigest } from '../../core/index.ts';
import { brokenBytes, keyFingerprint } from '../../evidence/index.ts';
import { readSealed } from '../../release/index.ts';
import { readSetup, targetsOf } from '../../setup/index.ts';
import { releaseFolder } from '../release-folder.ts';
import { requireUnlost } from '../evidence-complete.io.ts';
import { openStore } from '../../store.io.ts';
import { type CommandRun } from '../verb.ts';

/** Lists what was recorded, checked against the checkpoint, the bytes and what people saw, with who signed it and whether it counts; of one release where one is named. */
export const run: CommandRun = async (context) => {
  const setup = await readSetup(context.folder);
  const seal = context.arguments[0] === undefined ? null : (await readSealed(releaseFolder(context))).seal;
  const store = openStore(setup);
  const { lines, checkpoint } = await store.log();
  if (context.options['offline'] !== true)
    for (const target of targetsOf(setup)) {
      const why = await requireUnlost({ setup, store }, { target, seal, applicationName: 'oneroof log' });
      if (why !== null)
        context.terminal.say(
          `${target.name} was not asked whether the log is complete: ${printable(why)}; use --offline to ask no target`,
        );
    }
  const uncounted = new Map<number, string>();
  const broken: { readonly index: number; readonly problem: Problem }[] = [];
  for (const of of new Set(lines.map(({ entry }) => entry.seal)))
    if (seal === null || of === seal) {
      const heard = await store.heard(of, { target: setup.defaultTarget });
      for (const { entry, why } of heard.uncounted) uncounted.set(entry.index, why);
      for (const piece of heard.evidence)
        if (!piece.readable && piece.damaged === true)
          broken.push({ index: piece.entry.index, problem: brokenBytes(piece.entry, piece.reason) });
    }
  OneRoofError.throwIfAny(broken.toSorted((one, other) => one.index - other.index).map(({ problem }) => problem));
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
