import { userInfo } from 'node:os';
import { withHost } from './clone/index.ts';
import { type Problem } from './core/index.ts';
import { type GateReading, requireLoopbackFor } from './gate/index.ts';
import { gateStage, goldenStage, rehearsalStage, type RehearsalWatch, sealStage } from './pipeline.io.ts';
import { compareGolden, type Rehearsal, staleGolden } from './rehearsal/index.ts';
import { lintRelease, type Release, readSealed, type SealedRelease } from './release/index.ts';
import { type Verdict, verdictOf } from './rollout/index.ts';
import { readSetup, type Setup, targetOf } from './setup/index.ts';
import { openStore } from './store.io.ts';

/** What a gate said, and whether a rollout or a rollback may run now. */
export interface GateAnswer {
  readonly reading: GateReading;
  readonly up: Verdict;
  readonly down: Verdict;
}

/** A folder with oneroof.yaml, and what can be done with its releases. What people sign, and a rollout, need the command line. */
export interface Project {
  readonly setup: Setup;
  /** All that is wrong with a release; it is null only where it cannot be read. */
  lint(folder: string): Promise<{ readonly release: Release | null; readonly problems: readonly Problem[] }>;
  /**
   * Seals a release, writes its seal.json, and records the seal as evidence.
   *
   * Errors  every problem of `lint`, in one error.
   */
  seal(folder: string): Promise<SealedRelease>;
  /**
   * Rehearses a sealed release on a clone of a golden copy, which is compared with the default target first; takes one where there is none. Records
   * what was measured.
   *
   * Errors  CONFIG_INVALID without `clone:` in oneroof.yaml; SEAL_MISSING, SEAL_BROKEN; GOLDEN_OTHER, GOLDEN_STALE; a rehearsal that fails is an outcome, and no error.
   */
  rehearse(folder: string, watch?: Partial<RehearsalWatch>): Promise<Rehearsal>;
  /**
   * Reads the gate of a target with a role that cannot write, and records the reading. No target: the default one.
   *
   * Errors  CONFIG_TARGET_UNKNOWN, OBSERVER_CAN_WRITE; a target that cannot be reached is an answer, and no error.
   */
  readGate(folder: string, target?: string): Promise<GateAnswer>;
}

/**
 * Opens the project in a folder.
 *
 * Errors  CONFIG_NOT_FOUND, CONFIG_INVALID.
 * Source  docs/API.md.
 */
export async function openProject(folder: string): Promise<Project> {
  const setup = await readSetup(folder);
  const courseOf = async (release: string) => ({ sealed: await readSealed(release), store: openStore(setup) });
  return {
    setup,
    lint: lintRelease,
    seal: async (release) => (await sealStage(release, openStore(setup))).sealed,
    rehearse: async (release, watch = {}) => {
      const course = await courseOf(release);
      const target = targetOf(setup, setup.defaultTarget);
      await requireLoopbackFor(course.sealed.release, target);
      return await withHost(setup, async (host) => {
        const golden = (await host.golden()) ?? (await goldenStage(course, host));
        const production = await compareGolden({ host, golden, target });
        const stale = staleGolden(golden, production);
        if (stale !== null) throw stale;
        return await rehearsalStage(course, host, { owner: userInfo().username, production, ...watch });
      });
    },
    readGate: async (release, target = setup.defaultTarget) => {
      const course = await courseOf(release);
      const reading = await gateStage(course, targetOf(setup, target));
      const { sealed } = course;
      return {
        reading,
        up: verdictOf(reading, { sealed, direction: 'up' }),
        down: verdictOf(reading, { sealed, direction: 'down' }),
      };
    },
  };
}
