import { OneRoofError, stated } from '../core/index.ts';
import { type Connection, describe, problemOf, sqlStateOf } from '../database/index.ts';
import { refusalOf } from './refusal.ts';

const located = { sql: '', place: { file: 'gate.sql' } };

/** What the gate itself refuses here, by its code. */
const refused = {
  busy: {
    code: 'GATE_BUSY',
    ...stated`a release is half way, or can still be rolled back`,
    fix: 'finish it, or roll it back completely; or ask the quorum to abandon it: oneroof abandon RELEASE',
  },
  intact: {
    code: 'GATE_TAMPERED',
    ...stated`the gate, its roles or their rights changed after the installation`,
    fix: 'nothing was changed; find out who changed what (oneroof doctor), and undo it first',
  },
} as const;

/** Turns what a server or the gate refused while the gate was installed, upgraded or removed into an error of ours. */
export function installError(error: unknown, connection: Connection): OneRoofError {
  if (error instanceof OneRoofError) return error;
  const where = describe(connection);
  const refusal = refusalOf(error);
  const said = refusal?.code;
  if (said === 'busy' || said === 'intact') {
    const { code, fix } = refused[said];
    const problem = said === 'busy' ? (refusal?.facts.said ?? refused[said].problem) : refused[said].problem;
    return new OneRoofError(code, { ...stated`${{ connection: where }}: ${{ why: problem }}`, fix, cause: error });
  }
  const { code, problem } = problemOf(error, located);
  if (sqlStateOf(error) !== '42501')
    return new OneRoofError(code, {
      ...stated`${{ connection: where }}: ${{ why: problem }}`,
      fix: 'nothing was changed; fix the problem and run the same command again',
      cause: error,
    });
  return new OneRoofError('GATE_RIGHTS', {
    ...stated`${{ connection: where }}: ${{ why: problem }}`,
    fix: 'nothing was changed; use a superuser, or the role that installed the gate',
    cause: error,
  });
}
