import { toRunbook } from '../../report/index.ts';
import { paper } from '../write-document.io.ts';
import { type CommandRun } from '../verb.ts';

/** Writes the runbook of a release for a person; exit 0 only while the gate is open. */
export const run: CommandRun = (context) => paper(context, { name: 'runbook', member: 'markdown', write: toRunbook });
