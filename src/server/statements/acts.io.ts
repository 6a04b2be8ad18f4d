import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { shortCode, statementDigest, type StatementDigest } from '../../evidence/index.ts';
import { type Policy } from '../../gate/index.ts';
import { type Course } from '../../pipeline.io.ts';
import { type Judged } from '../../proposal/index.ts';
import { targetOf } from '../../setup/index.ts';
import {
  type Answer,
  closingCeremony,
  proposedCeremony,
  recorded,
  requireProposal,
  type Relay,
  type ShownCeremony,
  signingActions,
  withRelay,
} from '../../web/index.ts';
import { type House } from '../house.ts';
import { type ReleaseRecord } from '../records.ts';
import { outward } from '../site/index.ts';
import { openTurns } from './turns.ts';

const words = z.string().trim().min(1).max(1000);
const closingBegin = z.strictObject({ code: z.string().max(64), reason: words });
const closingFinish = z.strictObject({ reason: words, nonce: z.string().regex(/^[0-9a-f]{32}$/), signed: z.unknown() });
const ratifyFinish = z.strictObject({ signed: z.unknown() });

/** Each prompt and each signature costs the target a connection, and whoever may look may ask for a prompt: so many at once. */
const inTurn = openTurns(4);

/** What is answered to what no page of ours sends. */
export const malformed: Answer = { ok: false, code: 'malformed', text: 'the page sent something that it never sends' };

/** A statement that was found, and the release that it is about. */
export interface Found {
  readonly record: ReleaseRecord & { readonly sealed: NonNullable<ReleaseRecord['sealed']> };
  /** Judged: what does not hold is shown as an attack, and nobody can ratify it. */
  readonly judged: Judged;
  readonly statement: StatementDigest;
}

/** Why nobody can sign on this site; null where they can. A passkey is for one origin, and the policy of the target names it. */
export function unsignableOf(house: House, policy: Policy | null): string | null {
  if (policy === null) return 'the target cannot be asked, so its gate is as good as closed';
  if (policy.origin === house.origin) return null;
  return `the policy of the target has its page at ${policy.origin}, and this site is at ${house.origin}`;
}

/** What a person does with a statement: one prompt, taken once. */
export type Acts = Readonly<Record<'begin' | 'finish', (found: Found, body: unknown) => Promise<Answer>>>;

/** Ratifying. */
export function ratifyActs(house: House): Acts {
  const on = (found: Found, step: 'begin' | 'finish', body: unknown): Promise<Answer> =>
    inCeremony(house, found, {
      make: async (relay, course) => {
        // judged again for each signature: the evidence may have been written to since the page was drawn
        const proposal = await requireProposal(relay, course, found.statement);
        return await proposedCeremony(relay, { course, proposal });
      },
      act: (ceremony) => signingActions(ceremony, house.state)[step](body),
    });
  return {
    begin: (found, body) => on(found, 'begin', body),
    finish: async (found, body) => {
      const given = ratifyFinish.safeParse(body);
      return given.success ? on(found, 'finish', given.data.signed) : malformed;
    },
  };
}

/** One signature is all that these need. */
const done = {
  decline: 'Declined: your word and your reason are kept. It closes nothing by itself.',
  revoke: 'Revoked: the way forward is closed for everybody.',
} as const;

/** Declining, revoking. The reason is signed: the page sends it again at the end, with the nonce, and both make the same statement. */
export function closingActs(house: House, kind: 'decline' | 'revoke'): Acts {
  const on = (
    found: Found,
    words: { readonly reason: string; readonly nonce: string },
    act: (ceremony: ShownCeremony) => Promise<Answer>,
  ): Promise<Answer> =>
    inCeremony(house, found, {
      make: (relay) =>
        closingCeremony(relay, {
          kind,
          release: { name: found.record.sealed.release.name, seal: found.record.seal },
          statement: found.statement,
          ...words,
        }),
      act,
    });
  return {
    begin: async (found, body) => {
      const given = closingBegin.safeParse(body);
      if (!given.success) return { ok: false, code: 'reason', text: 'a reason is missing, or is too long' };
      if (given.data.code.trim().toLowerCase() !== shortCode(found.statement))
        return { ok: false, code: 'short-code', text: 'this is not the code of the statement on this page' };
      const nonce = randomBytes(16).toString('hex');
      const answer = await on(found, { reason: given.data.reason, nonce }, (ceremony) =>
        signingActions(ceremony, house.state).begin({ code: shortCode(statementDigest(ceremony.body)) }),
      );
      return answer.ok ? { ...answer, nonce } : answer;
    },
    finish: async (found, body) => {
      const given = closingFinish.safeParse(body);
      if (!given.success) return malformed;
      const { reason, nonce, signed } = given.data;
      const answer = await on(found, { reason, nonce }, (ceremony) =>
        signingActions(ceremony, house.state).finish(signed),
      );
      return answer.ok ? { ...answer, text: done[kind] } : answer;
    },
  };
}

async function inCeremony(
  house: House,
  { record, judged }: Found,
  of: {
    readonly make: (relay: Relay, course: Course) => Promise<ShownCeremony>;
    readonly act: (ceremony: ShownCeremony) => Promise<Answer>;
  },
): Promise<Answer> {
  const course = { sealed: record.sealed, store: house.records.store };
  const target = targetOf(house.setup, judged.target);
  const work = async (relay: Relay): Promise<Answer> => {
    const unsignable = unsignableOf(house, relay.policy);
    if (unsignable !== null) return { ok: false, code: 'origin', text: unsignable };
    const ceremony = await of.make(relay, course);
    const missing: string[] = [];
    const onProblem = (line: string): void => {
      missing.push(line);
      house.onProblem(line);
    };
    const answer = await of.act(recorded(ceremony, { course, relay, onProblem }));
    house.looks.forget();
    return answer.ok && missing.length > 0
      ? { ...answer, text: `${answer.text} It counts, and is ${outward(missing.join('; '))}.` }
      : answer;
  };
  return inTurn(() => withRelay(target, 'serve', work));
}
