import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../core/index.ts';
import { runningOn } from '../database/index.ts';
import { type PrivateSetup } from './take-copy.io.ts';

/** The folder of one generation of the golden copy. */
export function generationFolder(setup: Pick<PrivateSetup, 'folder'>, generation: number): string {
  return join(setup.folder, `generation-${generation}`);
}

/** The numbers of the generations that are complete. */
export function generations(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const match = /^generation-(\d+)$/.exec(name);
    return match !== null && existsSync(join(folder, name, 'golden.json')) ? [Number(match[1])] : [];
  });
}

/** The drafts of golden copies in a folder: the process that makes it, its generation, its name. */
export function drafts(folder: string): readonly (readonly [pid: number, generation: number, name: string])[] {
  return readdirSync(folder).flatMap((name) => {
    const [, pid, generation] = /^draft-(\d+)-(\d+)$/.exec(name) ?? [];
    return pid === undefined ? [] : [[Number(pid), Number(generation), name] as const];
  });
}

/** A generation of which it is found out whether it is used: no command can find it meanwhile. */
const aside = /^aside-(\d+)$/;
/** A generation that is not used. It has this name first, so that a removal that was interrupted leaves no half generation. */
const removed = /^removed-\d+$/;

/**
 * Removes what an interrupted command left: golden copies that were not completed, and generations that were not removed to the end. Only who may
 * take a copy now may ask for this: then no other command takes one, and a number of a process says nothing, as it may be used again.
 */
export function removeDrafts(folder: string): void {
  const names = readdirSync(folder);
  for (const name of names) {
    const [, number] = aside.exec(name) ?? [];
    if (number !== undefined) renameSync(join(folder, name), join(folder, `generation-${number}`));
  }
  for (const name of [...drafts(folder).map(([, , draft]) => draft), ...names.filter((one) => removed.test(one))])
    if (runningOn(join(folder, name, 'data')) === null) rmSync(join(folder, name), { recursive: true, force: true });
  removeLeftCopies(folder);
}

/** The name of a copy of a golden copy's server, with the process that made it. */
export const copyPrefix = (pid: number): string => `copy-${pid}-`;

/** Removes copies of the server whose maker was killed: no process has its number, and no server runs there. */
export function removeLeftCopies(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^copy-(\d+)-\w+$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid)) || runningOn(join(folder, name, 'data')) !== null) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Hides a generation: no command can find it until it is put back. Errors  ENOENT where another command hides it. */
export function putAside({ folder }: Pick<PrivateSetup, 'folder'>, generation: number): void {
  renameSync(join(folder, `generation-${generation}`), join(folder, `aside-${generation}`));
}

/** Puts it back. */
export function putBack({ folder }: Pick<PrivateSetup, 'folder'>, generation: number): void {
  renameSync(join(folder, `aside-${generation}`), join(folder, `generation-${generation}`));
}

/** Removes a generation that was put aside, and that no server runs on. */
export function removeAside({ folder }: Pick<PrivateSetup, 'folder'>, generation: number): void {
  const going = join(folder, `removed-${generation}`);
  renameSync(join(folder, `aside-${generation}`), going);
  rmSync(going, { recursive: true, force: true });
}
