import { spawnSync } from 'node:child_process';
import { OneRoofError, stated } from '../core/index.ts';
import { type Binaries, type Connection, findBinaries, openSession } from '../database/index.ts';
import { type CloneSetup } from '../setup/index.ts';
import { type GoldenOptions } from './clone.ts';
import { takeBasebackup } from './basebackup/index.ts';
import { takeDump } from './dump/take.io.ts';
import { requireMasks } from './mask/mask-copy.io.ts';
import { requireSample } from './sample/require-sample.io.ts';
import { type GenerationRecord } from './providers/generation.io.ts';
import { takeGolden } from './providers/physical.io.ts';

/** A setup whose copies are run by a private server on this machine. */
export type PrivateSetup = Extract<CloneSetup, { provider: 'physical' | 'dump' | 'basebackup' }>;

/** Takes one generation of the golden copy, as its provider does it. */
export function takeCopy(
  setup: PrivateSetup,
  plan: { readonly binaries: Binaries; readonly generation: number },
  options: GoldenOptions,
): Promise<GenerationRecord> {
  if (setup.provider === 'basebackup') return takeBasebackup({ setup, ...plan }, options);
  return setup.provider === 'dump' ? takeDump({ setup, ...plan }, options) : takeGolden({ setup, ...plan }, options);
}

/** Where production is read for a copy. */
export function copiedFrom(setup: PrivateSetup): Connection {
  return setup.provider === 'dump' ? setup.dump : setup.backup;
}

/**
 * The programs that run the copies, of the version that production has now.
 *
 * Errors  CLONE_MASK_INVALID, CLONE_SAMPLE_INVALID: what masks and a sample name is looked for before anything is copied.
 */
export async function binariesFor(setup: PrivateSetup): Promise<Binaries> {
  const session = await openSession(copiedFrom(setup), { applicationName: 'oneroof golden' });
  try {
    await requireMasks(session, setup.mask);
    if (setup.provider === 'dump') await requireSample(session, setup.sample);
  } finally {
    await session.close();
  }
  return binariesOf(setup, Math.floor(session.serverVersion / 10_000));
}

/** The programs that run the copies of a source of this major version. */
export function binariesOf(setup: PrivateSetup, major: number): Binaries {
  if (setup.bin === null) return findBinaries(major);
  const { runAs } = findBinaries(18);
  return { folder: setup.bin, major, origin: 'system', runAs };
}

/** Errors  CLONE_FOLDER_UNREACHABLE. */
export function refuseUnreachable(folder: string, binaries: Binaries): void {
  if (binaries.runAs === null) return;
  const { uid, gid, name } = binaries.runAs;
  if (spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0)
    return;
  throw new OneRoofError('CLONE_FOLDER_UNREACHABLE', {
    ...stated`${{ folder }} cannot be reached by the user ${{ name }}, who runs the clone server`,
    fix: 'set "folder:" of the clone provider to a folder such as /var/lib/oneroof',
  });
}
