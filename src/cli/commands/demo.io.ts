import { resolve } from 'node:path';
import { runDemo } from '../../demo/index.ts';
import { type Run } from '../verb.ts';

/** Does the main job on the worked example, with databases of its own. */
export const run: Run = async ({ folder, options, signal }) => {
  const lines: string[] = [];
  const to = resolve(folder, 'oneroof-demo');
  // the story is what the command is for: it is told on stdout while it happens, or kept for --json
  const write = (line: string): void =>
    void (options['json'] === true ? lines.push(line) : process.stdout.write(`${line}\n`));
  const stay = (): Promise<void> =>
    new Promise((resolved) => {
      write('\nProduction is running. Ctrl-C ends it.');
      // the listener alone would not keep the process alive
      const alive = setInterval(() => undefined, 60_000);
      signal.addEventListener('abort', () => {
        clearInterval(alive);
        resolved();
      });
    });
  await runDemo({ folder: to, signal, write, ...(options['keep'] === true ? { stay } : {}) });
  return { exit: 0, schema: 'oneroof/demo/1', data: { folder: to, story: lines }, text: '' };
};
