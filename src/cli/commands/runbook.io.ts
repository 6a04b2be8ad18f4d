import { toRunbook } from '../../report/index.ts';
import { paper } from '../paper.io.ts';
import { type Run } from '../verb.ts';

/** Writes the runbook of a release for a person; exit 0 only while the gate is open. */
export const run: Run = (context) => paper(context, { name: 'runbook', member: 'markdown', write: toRunbook });
