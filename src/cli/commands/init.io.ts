import { relative } from 'node:path';
import { initSetup } from '../../setup/index.ts';
import { type Run } from '../verb.ts';

/** Writes a commented oneroof.yaml; refuses to overwrite one. */
export const run: Run = async ({ folder, terminal }) => {
  const file = await initSetup(folder);
  const shown = relative(process.cwd(), file);
  terminal.say(`Next: edit ${shown}, then run \`oneroof doctor\`.`);
  return { exit: 0, schema: 'oneroof/init/1', data: { file }, text: shown };
};
