import { changeRule, type ClosingCode } from '../gate/index.ts';

/** What a refusal of the gate means, and the next thing to do. */
export interface RefusalHelp {
  readonly means: string;
  readonly next: string;
}

const ratifyAgain = 'ask the people of the seats for a new ratification (oneroof ratify)';
const sealAgain = 'seal, rehearse and ratify again';

/** Each code that the gate refuses a rollout or a rollback with (`gate: CODE: …`), for a person at night. */
export const refusals: Readonly<Record<ClosingCode, RefusalHelp>> = {
  unknown: { means: 'no such ratification was handed in, or the gate could not be asked', next: ratifyAgain },
  registry: {
    means: `other persons are enrolled now than when it was signed: ${changeRule}`,
    next: ratifyAgain,
  },
  policy: {
    means: `another policy is in force than the one that it was signed under: ${changeRule}`,
    next: ratifyAgain,
  },
  statement: { means: 'the statement is not of the form that people sign', next: ratifyAgain },
  seal: {
    means: 'the sealed release was not handed in, or another one was signed',
    next: 'hand the release in again, from the sealed folder',
  },
  target: {
    means: 'it was signed for another database: a copy, a restored one, or after a failover',
    next: 'check the address; where the address is right, ratify again for this database',
  },
  seats: { means: 'not every seat is filled', next: 'call the persons whose seats are empty; they read and sign' },
  purpose: {
    means: 'the ratification is for something else: a hold point, or the rollback of a cycle',
    next: 'leave --statement out: the command finds the rollout by itself',
  },
  abandoned: {
    means: 'a quorum ended this release in this database: it stays as it is, and opens nothing any more',
    next: 'nothing is left to do with this seal here; what is still needed is another release',
  },
  cycle: {
    means: 'the ratification names a rollout that is not known here, or of which nothing is in place',
    next: 'ask the people of the seats for a ratification of the rollout that is meant',
  },
  'in-progress': {
    means: 'this release is rolled out already, or half way, by another ratification',
    next: 'finish that one, or roll it back to the end; only then can the release be rolled out again',
  },
  'hold-point': {
    means: 'a further ratification stands before this tier',
    next: 'stop here, call the persons of that hold point, then the same command again',
  },
  revoked: {
    means: 'a person has closed the way forward; the text names who, and why',
    next: 'ask that person; do not go on. The way back is open',
  },
  'not-yet-valid': { means: 'its time has not begun', next: 'wait for its beginning; then the same command again' },
  expired: {
    means: 'its time is over, or the time for the way back is',
    next: 'ask for a new ratification (oneroof ratify); for a rollback whose time is over, oneroof ratify --rollback',
  },
  'too-long': { means: 'it is valid for longer than the policy allows', next: ratifyAgain },
  review: {
    means: 'it was signed sooner after the database first received the release than the policy allows',
    next: ratifyAgain,
  },
  'rehearsal-age': {
    means: 'the rehearsal is too old, or would be of the future',
    next: 'rehearse again, then ratify again',
  },
  evidence: { means: 'the ratification names no rehearsal', next: 'rehearse, then ratify again' },
  age: {
    means: 'the transaction began more than a minute before the tier: `now()` in ratified SQL would be as old',
    next: 'the same command again; where it stays, find out what keeps the executor waiting',
  },
  fence: { means: 'a newer attempt works on this database', next: 'wait until it ends; then the same command again' },
  order: {
    means: 'another tier or step comes next, or the way back has begun',
    next: 'run the same command again without --through; where it is refused again, stop and call the author',
  },
  direction: { means: 'the direction is neither up nor down', next: 'use the commands of this page only' },
  step: { means: 'these are not the bytes that were ratified', next: 'check the seal; take the sealed files back' },
  schema: {
    means: 'the schema is not the one that was rehearsed, or not as the last tier left it: somebody changed it',
    next: 'find out who changed it (oneroof fingerprint, oneroof diff). Do not change it back by hand',
  },
  'data-gate': {
    means: 'the data do not meet the gate before this tier',
    next: 'report the measured and the required value; the business decides. Never change data to open it',
  },
  invariant: {
    means: 'a value is not what the release promises; the tier was undone as a whole',
    next: 'stop; call the author; roll back where the values before it are needed now',
  },
  check: {
    means: 'a check of the tier found rows that break it; the tier was undone as a whole',
    next: 'stop; call the author; roll back where the state before it is needed now',
  },
  definer: {
    means:
      'a function or rule with the rights of its owner, or a right to write, appeared, and the release does not say why',
    next: sealAgain,
  },
  deferred: {
    means:
      'something would still run at COMMIT, after the gate has looked: a cursor WITH HOLD, a trigger or a constraint that waits',
    next: 'stop; call the author; a release that puts checks off again is sealed, rehearsed and ratified anew',
  },
  session: {
    means:
      'the session of the executor has temporary objects or has set a role, or its transaction sees an older state',
    next: 'use oneroof rollout, which opens a session of its own; where it was used, find out who else has the credential of the executor',
  },
  setting: {
    means:
      'a setting of the session, of its client (PGOPTIONS) or of the role oneroof_executor would change what ratified SQL means',
    next: 'the text names it. Take it away (oneroof doctor names the settings of the role); a setting that SQL needs is declared in the release: settings: {custom}',
  },
  commit: {
    means: 'the transaction of a tier was not ended by COMMIT: it was prepared, or the last look was fired early',
    next: 'use oneroof rollout; where it was used, find out who else has the credential of the executor',
  },
  guard: {
    means: 'somebody tried to change the gate from outside',
    next: 'stop; call the administrator of the database',
  },
  intact: {
    means: 'the gate itself, its roles or their rights were changed',
    next: 'stop; call the administrator of the database; nothing runs before the gate is installed anew',
  },
  executor: { means: 'this was not the role of the executor', next: 'check `executor:` of the target in oneroof.yaml' },
  'one-way': { means: 'this tier has no way back', next: 'stop; call the author; a restore is a decision of people' },
};
