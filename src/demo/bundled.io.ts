import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { OneRoofError } from '../core/index.ts';
import { type Stage } from './plan.ts';
import { timed } from './timed.io.ts';

/**
 * Writes all evidence to one file, checks it offline with the key that is trusted, and shows that a changed copy is refused.
 *
 * Errors  those of `oneroof bundle` and `oneroof verify-evidence`; INTERNAL where a changed bundle passes.
 */
export async function bundle({ plan, tale, course }: Stage, passing: string): Promise<void> {
  tale.chapter('Evidence, for somebody who trusts nobody');
  const file = join(plan.folder, 'evidence.json');
  const keys = join(plan.folder, 'agents.pub');
  const [first] = (await course.store.log()).lines;
  writeFileSync(keys, `${first?.signer ?? ''}\n`);
  const written = await timed(() => plan.command({ command: 'bundle', words: ['release'], options: { out: file } }));
  const { bytes } = written.value.data as { readonly bytes: number };
  tale.tell({
    name: 'written',
    text: `${relative(process.cwd(), file)}, ${Math.round(bytes / 1000)} kB`,
    took: written.took,
  });
  const check = (path: string) => plan.command({ command: 'verify-evidence', words: [path], options: { keys } });
  const checked = await timed(() => check(file));
  for (const [index, line] of checked.value.text.split('\n').entries())
    tale.tell({ name: index === 0 ? 'verified' : '', text: line, ...(index === 0 ? { took: checked.took } : {}) });
  const changed = join(passing, 'changed.json');
  // one figure of one measurement
  writeFileSync(changed, readFileSync(file, 'utf8').replace('204556', '204557'));
  const problem = await check(changed).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(problem instanceof OneRoofError))
    throw new OneRoofError('INTERNAL', {
      problem: 'a bundle that was changed is not refused',
      fix: 'this is a defect of One Roof: please report it',
    });
  tale.tell({
    name: 'changed',
    text: `one digit of a copy: refused, ${problem.problems[0].problem} (${problem.code})`,
  });
}
