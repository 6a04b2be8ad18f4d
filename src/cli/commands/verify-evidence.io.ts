import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Bundle, readBundle, sourcesIn, type BundleHistory, verifyBundle } from '../../bundle/index.ts';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { keyFingerprint, sshKey } from '../../evidence/index.ts';
import { explainOpens, policyDigest, readPolicy, readRegistry, registryDigest } from '../../people/index.ts';
import { foreignSaid } from '../../proposal/index.ts';
import { explainReview } from '../../reviews/index.ts';
import { readSealedSources, type SealedRelease } from '../../release/index.ts';
import { foreignFinding } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { type CommandRun } from '../verb.ts';

/** Checks a bundle, offline: signatures, proofs, digests, the verdict of its reports built again, and who let what be rolled out. */
export const run: CommandRun = async (context) => {
  const bundle = readBundle(read(resolve(context.folder, context.arguments[0] ?? '')));
  const { keys: file, policy, registry } = context.options;
  const keys = typeof file === 'string' ? trusted(resolve(context.folder, file)) : null;
  const root = {
    policy: typeof policy === 'string' ? policyDigest(readPolicy(resolve(context.folder, policy))) : null,
    registry: typeof registry === 'string' ? registryDigest(readRegistry(resolve(context.folder, registry))) : null,
  };
  const release = await releaseIn(bundle);
  const { problems, told, foreign, unjudged } = verifyBundle(bundle, {
    keys,
    ...root,
    ...(typeof registry === 'string' ? { root: readRegistry(resolve(context.folder, registry)) } : {}),
    ...(release === null ? {} : { release }),
  });
  OneRoofError.throwIfAny(problems);
  const by = bundle.keys.map(keyFingerprint);
  const lines = [
    `holds  ${bundle.release.name} ${bundle.release.seal}: ${bundle.entries.length} entries`,
    ...by.map((key) => `${keys === null ? 'signed by (not verified: no --keys)' : 'signed by'}  ${key}`),
    ...told.roots.flatMap((one) =>
      (['policy', 'registry'] as const).map(
        (kind) => `${kind} of ${one.target}${root[kind] === null ? ` (compare it: no --${kind})` : ''}  ${one[kind]}`,
      ),
    ),
    ...told.whose.map((sentence) => `counts  ${sentence}`),
    ...told.said.flatMap(linesOf),
    ...told.done.map(
      ({ direction, target, tier, outcome, ended }) =>
        `${direction === 'up' ? 'rolled out' : 'rolled back'}  ${ended}  ${target}  ${tier}${outcome === 'applied' ? '' : `: ${outcome}`}`,
    ),
    ...told.reviews.map((one) => `review  entry ${one.entry}, ${explainReview(one)}`),
    ...foreign.map(
      ({ index, target, statement, differs }) =>
        `ATTACK  entry ${index}, ${target}, ${statement}: ${foreignSaid}: ${differs.join('; ')}`,
    ),
    ...(unjudged === 0 ? [] : [`not judged  ${unjudged} proposals: the files of the release were not recorded`]),
    ...told.uncounted.map(
      ({ index, kind, by, why }) =>
        `not counted  entry ${index}, ${kind}: ${why}${by === null ? '' : ` (signed by ${by})`}`,
    ),
    ...told.unread.map(({ index, kind, reason }) => `unreadable  entry ${index}, ${kind}: ${reason}`),
  ];
  return {
    exit: 0,
    schema: 'oneroof/verify-evidence/1',
    data: {
      release: bundle.release,
      entries: bundle.entries.length,
      by,
      trusted: keys !== null,
      rooted: root.policy !== null && root.registry !== null,
      ...told,
      foreign: foreign.map(({ index, target, statement, differs }) =>
        foreignFinding({ index, target, statement, differs }, typedOf(context)),
      ),
      unjudged,
    },
    text: lines.map((line) => printable(line)).join('\n'),
  };
};

/** The release with its SQL, from the recorded files that have the seal of the bundle; null where there are none. */
async function releaseIn(bundle: Bundle): Promise<SealedRelease | null> {
  for (const files of sourcesIn(bundle)) {
    const sealed = await readSealedSources(files, bundle.release.seal).catch(() => null);
    if (sealed !== null) return sealed;
  }
  return null;
}

function linesOf({
  kind,
  target,
  statement,
  signed,
  reason,
  seats,
  opens,
  window,
  adopted,
}: BundleHistory['said'][number]): readonly string[] {
  const what = {
    ratification: 'ratified',
    decline: 'declined',
    revocation: 'revoked',
    abandonment: 'abandoned',
    adoption: 'adopted',
  }[kind];
  const valid = window === null ? '' : `, from ${window.notBefore} to ${window.expires}`;
  const before = opens === null || opens.what === 'rollout' ? '' : `, ${explainOpens(opens)}`;
  const drawn = adopted === null ? '' : `, incarnation ${adopted.before} to ${adopted.incarnation}`;
  return [
    `${what}  ${target}  ${statement}${before}${drawn}${valid}${reason === null ? '' : `: ${reason}`}`,
    ...(seats === null
      ? []
      : [`  seats: ${seats.wanted.join('; ')}: ${seats.open === null ? 'every one filled' : `open: ${seats.open}`}`]),
    ...signed.map(({ name, id, level, key, at }) => `  ${at}  ${name} (${id}), level ${level}, ${key} key`),
  ];
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`${{ file: printable(file) }} cannot be read`,
      fix: 'name a file that oneroof bundle wrote',
      cause,
    });
  }
}

function trusted(file: string) {
  const lines = Buffer.from(read(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const key = sshKey(line.trim());
    if (key !== null) return key;
    throw new OneRoofError('EVIDENCE_KEY', {
      ...stated`${{ file: printable(file) }} contains a line that is not a public key`,
      fix: 'write one `ssh-ed25519 AAAA…` a line',
    });
  });
}
