import { toPrompt } from '../../report/index.ts';
import { paper } from '../write-document.io.ts';
import { type CommandRun } from '../verb.ts';

/** Writes what an agent may do with a release now; exit 0 only while the gate is open. */
export const run: CommandRun = (context) => paper(context, { name: 'prompt', member: 'prompt', write: toPrompt });
