import { type Actor } from '../core/index.ts';
import { changeRule, type ClosingCode } from '../gate/index.ts';
import { type HeldReason } from './reason.ts';

/** What a refusal of the gate means, and the next thing to do. */
export interface RefusalHelp {
  readonly means: string;
  readonly next: string;
}

const ratifyAgain = 'ask the people of the seats for a new ratification (oneroof ratify)';
const sealAgain = 'seal, rehearse and ratify again';

/** Each code that the gate refuses a rollout or a rollback with (`gate: CODE: …`), for a person at night. */
export const refusals: Readonly<Record<ClosingCode, RefusalHelp>> = {
  unknown: { means: 'this ratification was not handed in, or the gate could not be asked', next: ratifyAgain },
  registry: {
    means: `the registry changed after it was signed: ${changeRule}`,
    next: ratifyAgain,
  },
  policy: {
    means: `the policy changed after it was signed: ${changeRule}`,
    next: ratifyAgain,
  },
  statement: { means: 'the form of the statement is not valid', next: ratifyAgain },
  seal: {
    means: 'the sealed release was not handed in, or the ratification is for another release',
    next: 'hand the release in again, from the sealed folder',
  },
  target: {
    means: 'it was signed for another database: a copy, a restored one, or after a failover',
    next: 'check the address; where the address is right, ratify again for this database',
  },
  seats: { means: 'not every seat is filled', next: 'ask the persons whose seats are open to read and sign' },
  purpose: {
    means: 'the ratification is for something else: a hold point, or the rollback of a cycle',
    next: 'leave --statement out: the command finds the ratification of the rollout itself',
  },
  abandoned: {
    means:
      'a quorum abandoned this release in this database: it stays in its present state, and its seal no longer opens anything',
    next: 'this seal can do nothing more here; make another release for the remaining work',
  },
  cycle: {
    means: 'the ratification names a rollout that is unknown here, or that is not in place',
    next: 'ask the people of the seats for a ratification of the right rollout',
  },
  'in-progress': {
    means: 'this release is rolled out already, or half way, under another ratification',
    next: 'finish that rollout, or roll it back completely; only then can the release be rolled out again',
  },
  'hold-point': {
    means: 'this tier has a hold point: it needs a further ratification',
    next: 'stop here, ask the persons of that hold point to sign, then run the same command again',
  },
  revoked: {
    means: 'a person revoked the ratification; the text names the person and the reason',
    next: 'ask that person; do not go on. The rollback is open',
  },
  'not-yet-valid': { means: 'it is not valid yet', next: 'wait until it is valid, then run the same command again' },
  expired: {
    means: 'the ratification has expired, or the time for its rollback has ended',
    next: 'ask for a new ratification (oneroof ratify); for a rollback whose time has ended, oneroof ratify --rollback',
  },
  'too-long': { means: 'it is valid for longer than the policy allows', next: ratifyAgain },
  review: {
    means: 'it was signed too early: the policy requires more time after the database first received the release',
    next: ratifyAgain,
  },
  'rehearsal-age': {
    means: 'the rehearsal is too old, or has a date in the future',
    next: 'rehearse again, then ratify again',
  },
  evidence: { means: 'the ratification names no rehearsal', next: 'rehearse, then ratify again' },
  age: {
    means:
      'the transaction began more than a minute before the tier: `now()` in ratified SQL would return that older time',
    next: 'run the same command again; if it is refused again, find out what makes the executor wait',
  },
  fence: {
    means: 'a newer attempt works on this database',
    next: 'wait until it ends, then run the same command again',
  },
  order: {
    means: 'another tier or step comes next, or the rollback has begun',
    next: 'run the same command again without --through; if it is refused again, stop and call the author',
  },
  direction: { means: 'the direction is neither up nor down', next: 'use the commands of this page only' },
  step: { means: 'these are not the bytes that were ratified', next: 'check the seal; restore the sealed files' },
  schema: {
    means: 'the schema differs from the rehearsed one, or from the state that the last tier left: others changed it',
    next: 'the text names what differs: ask those who changed it to undo the change. Otherwise, for a rollout: rehearse with --golden and ratify again. For a rollback that cannot wait: people accept exactly these differences (oneroof ratify RELEASE --rollback --accept-drift)',
  },
  'data-gate': {
    means: 'the data do not meet the gate before this tier',
    next: 'report the measured and the required value; the business decides. Never change data to open the gate',
  },
  invariant: {
    means: 'a metric does not have the value that the release declares; the tier was undone as a whole',
    next: 'stop; call the author; roll back if you need the earlier values now',
  },
  check: {
    means: 'a check of the tier returned rows: they are violations; the tier was undone as a whole',
    next: 'stop; call the author; roll back if you need the earlier state now',
  },
  definer: {
    means:
      'the tier created a function or rule that runs with the rights of its owner, or a right to write, and the release does not declare it',
    next: sealAgain,
  },
  deferred: {
    means:
      "something would run at COMMIT, after the gate's last check: a cursor WITH HOLD, a deferred trigger or a deferred constraint",
    next: 'stop; call the author; correct the release, then seal, rehearse and ratify it again',
  },
  session: {
    means:
      'the session of the executor has temporary objects or has set a role, or its transaction uses an older snapshot',
    next: 'use oneroof rollout, which opens its own session; if you did, find out who else has the credential of the executor',
  },
  setting: {
    means:
      'a setting of the session, of its client (PGOPTIONS) or of the role oneroof_executor would change what ratified SQL means',
    next: 'the text names it. Remove it (oneroof doctor names the settings of the role). If the SQL needs a setting, declare it in the release: settings: {custom}',
  },
  commit: {
    means: 'the transaction of a tier did not end with COMMIT: it was prepared, or the last check was fired early',
    next: 'use oneroof rollout; if you did, find out who else has the credential of the executor',
  },
  guard: {
    means: 'a role tried to change the gate from outside',
    next: 'stop; call the administrator of the database',
  },
  intact: {
    means: 'the gate itself, its roles or their rights were changed',
    next: 'stop; call the administrator of the database; nothing runs until the gate is installed again',
  },
  loopback: {
    means: 'the gate cannot connect to its own database, which statements outside of a transaction need',
    next: 'oneroof doctor tries the connection and says what is missing; then run the same command again',
  },
  outside: {
    means: 'a statement outside of a transaction cannot be sent, or an object of that name is not of this release',
    next: 'the text names the object. Look at it, and remove it if it is of no use; then run the same command again',
  },
  executor: { means: 'this was not the role of the executor', next: 'check `executor:` of the target in oneroof.yaml' },
  'one-way': { means: 'this tier is one-way', next: 'stop; call the author; people must decide about a restore' },
};

/** Whose work a reason is that is not the approvers': the codes of the gate, and of `HeldReason`. */
const others: Readonly<Record<Exclude<Actor, 'approver' | 'maintainer'>, readonly string[]>> = {
  author: ['one-way', 'order', 'step', 'unmet', 'invariant', 'check', 'definer', 'deferred', 'data-gate', 'abandoned'],
  operator: [
    'seal',
    'target',
    'age',
    'fence',
    'attempt',
    'not-yet-valid',
    'rehearsal-age',
    'evidence',
    'in-progress',
    'direction',
    'session',
    'commit',
    'executor',
    'unmeasured',
    'unread',
    'unchecked',
    'outside',
    'schema',
  ],
  administrator: ['setting', 'guard', 'intact', 'loopback', 'contradiction'],
};

/** Who does what the fix of a reason asks for; where the code is not known, the administrator of the gate. */
export function actorForHeld(code: string): Actor {
  for (const [actor, codes] of Object.entries(others)) if (codes.includes(code)) return actor as Actor;
  return code in refusals || code === 'not-ratified' || code === 'way-back-begun' ? 'approver' : 'operator';
}

/** The next thing to do about it. */
export function fixOf(reason: HeldReason): string {
  switch (reason.code) {
    case 'gate':
      return nextFor(reason.facts.code);
    case 'not-ratified':
      return 'ask the people of the seats to ratify it (oneroof ratify)';
    case 'way-back-begun':
      return refusals.order.next;
    case 'one-way':
      return refusals['one-way'].next;
    case 'unmet':
      return refusals[reason.facts.kind === 'data-gate' ? 'data-gate' : 'invariant'].next;
    case 'unmeasured':
    case 'unread':
      return 'oneroof doctor names what is missing: a gate, an address, a right';
    case 'unchecked':
      return 'oneroof gate asks again';
    case 'attempt':
      return 'wait until it ends, then run the same command again';
    case 'contradiction':
      return 'stop; select * from gate.markers and gate.steps of this statement, and call the author';
    default:
      return reason satisfies never;
  }
}

/** Also of a newer gate, whose codes this program does not know. */
function nextFor(code: string): string {
  const known = Object.entries(refusals).find(([one]) => one === code);
  return known === undefined
    ? 'stop; the gate is newer than this program: call the administrator of the database'
    : known[1].next;
}
