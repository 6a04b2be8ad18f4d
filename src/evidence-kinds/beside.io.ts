import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../core/index.ts';
import { type Execution, readExecution } from '../rollout/index.ts';

/** Lines of the record of one cycle in one target, kept in a file of this machine while the evidence store cannot be written. */
export interface Beside {
  readonly file: string;
  /** Keeps a line, on disk before it answers. */
  keep(line: Execution): Promise<void>;
  /** The lines; what a crash left of the last one is left out. */
  read(): Promise<readonly Execution[]>;
  remove(): Promise<void>;
}

/** Opens the file of a cycle in a folder; nothing is made before there is a line to keep. */
export function openBeside(folder: string, { target, statement }: Pick<Execution, 'target' | 'statement'>): Beside {
  // a name of a target is no name of a file
  const name = createHash('sha256').update(canonicalJson({ target, statement })).digest('hex').slice(0, 16);
  const file = join(folder, `${name}.jsonl`);
  return {
    file,
    keep: async (line) => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const handle = await open(file, 'a', 0o600);
      try {
        await handle.appendFile(`${canonicalJson(line)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    read: async () => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      return text.split('\n').flatMap((line) => {
        const read = readExecution(parsed(line));
        return read.readable && read.body.target === target && read.body.statement === statement ? [read.body] : [];
      });
    },
    remove: () => rm(file, { force: true }),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
