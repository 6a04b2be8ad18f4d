import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Activity, type ActivityBoard, judgeSilence, keptActivities, parseActivity } from './activity.ts';

/** A file of the board as it was read. */
interface Kept {
  readonly mark: string;
  readonly activity: Activity | null;
}

/**
 * Keeps activities beside the evidence of a folder: one file each in `activity/`, written as a whole, never synced: they decide nothing.
 *
 * Errors  of put: those of the file system.
 */
export function openFolderBoard(evidence: string): ActivityBoard {
  const root = join(evidence, 'activity');
  const began = new Set<string>();
  const kept = new Map<string, Kept>();
  return {
    put: async (activity) => {
      const file = join(root, `${activity.id}.json`);
      if (!began.has(activity.id)) {
        await mkdir(root, { recursive: true });
        // a folder that is kept in version control does not keep what was going on
        await writeFile(join(root, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined);
        await sweep(root);
        began.add(activity.id);
      }
      const temporary = `${file}.tmp`;
      await writeFile(temporary, JSON.stringify(activity));
      await rename(temporary, file);
    },
    all: async () => {
      const found = await Promise.all((await filesOf(root)).map((name) => readOne(join(root, name), kept)));
      return found
        .filter((one) => one !== null)
        .toSorted((one, other) => (one.startedAt < other.startedAt ? 1 : -1))
        .slice(0, keptActivities);
    },
    close: async () => undefined,
  };
}

async function filesOf(root: string): Promise<readonly string[]> {
  // no folder: nothing was written yet
  const names = await readdir(root).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{16}\.json$/.test(name)).slice(0, 10 * keptActivities);
}

/** Reads a file that has changed since the last reading; null for one that is gone or is none of ours. */
async function readOne(file: string, kept: Map<string, Kept>): Promise<Activity | null> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    const mark = `${mtimeMs} ${size} ${ino}`;
    let known = kept.get(file);
    if (known?.mark !== mark) {
      known = { mark, activity: size > 100_000 ? null : parseActivity(JSON.parse(await readFile(file, 'utf8'))) };
      kept.set(file, known);
    }
    // the file's own time, so that the clock of another machine does not make a command lost
    return known.activity === null ? null : judgeSilence(known.activity, Date.now() - mtimeMs);
  } catch {
    kept.delete(file);
    return null;
  }
}

/** Makes room for one more; what cannot be removed stays. */
async function sweep(root: string): Promise<void> {
  const files = await Promise.all(
    (await filesOf(root)).map(async (name) => ({
      file: join(root, name),
      at: (await stat(join(root, name)).catch(() => ({ mtimeMs: 0 }))).mtimeMs,
    })),
  );
  const old = files.toSorted((one, other) => other.at - one.at).slice(keptActivities - 1);
  await Promise.all(old.map(({ file }) => rm(file, { force: true }).catch(() => undefined)));
}
