import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { shortCode, statementDigest, type StatementDigest } from '../../evidence/index.ts';
import { type Course } from '../../pipeline.io.ts';
import { type JudgedProposal } from '../../proposal/index.ts';
import { targetOf } from '../../setup/index.ts';
import {
  type Answer,
  closingCeremony,
  malformedAnswer,
  proposedCeremony,
  recorded,
  requireProposal,
  type Relay,
  type ShownCeremony,
  signingActions,
  withRelay,
} from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type ReleaseRecord } from '../records.ts';
import { whyUnsignable } from '../signing.ts';
import { outward } from '../access/index.ts';
import pLimit from 'p-limit';

const words = z.string().trim().min(1).max(1000);
const closingBegin = z.strictObject({ code: z.string().max(64), reason: words });
const closingFinish = z.strictObject({ reason: words, nonce: z.string().regex(/^[0-9a-f]{32}$/), signed: z.unknown() });
const ratifyFinish = z.strictObject({ signed: z.unknown() });

/** The most at once: each prompt and each signature costs the target a connection, and every visitor may request a prompt. */
const inTurn = pLimit(4);

/** A statement that was found, and the release that it is about. */
export interface FoundStatement {
  readonly record: ReleaseRecord & { readonly sealed: NonNullable<ReleaseRecord['sealed']> };
  /** Judged: a proposal that is not valid is shown as an attack, and no one can ratify it. */
  readonly judged: JudgedProposal;
  readonly statement: StatementDigest;
}

/** What a person does with a statement: one prompt, taken once. */
export type StatementActs = Readonly<
  Record<'begin' | 'finish', (found: FoundStatement, body: unknown) => Promise<Answer>>
>;

/** Ratifying. */
export function ratifyActs(services: SiteServices): StatementActs {
  const on = (found: FoundStatement, step: 'begin' | 'finish', body: unknown): Promise<Answer> =>
    inCeremony(services, found, {
      make: async (relay, course) => {
        // judged again for each signature: the evidence may have been written to since the page was drawn
        const proposal = await requireProposal(relay, course, found.statement);
        return await proposedCeremony(relay, { course, proposal });
      },
      act: (ceremony) => signingActions(ceremony, services.state)[step](body),
    });
  return {
    begin: (found, body) => on(found, 'begin', body),
    finish: async (found, body) => {
      const given = ratifyFinish.safeParse(body);
      return given.success ? on(found, 'finish', given.data.signed) : malformedAnswer;
    },
  };
}

/** One signature is all that these need. */
const done = {
  decline: 'Declined: your decline and your reason are recorded. It closes nothing by itself.',
  revoke: 'Revoked: the rollout is closed.',
} as const;

/** Declining, revoking. The reason is signed: the page sends it again at the end, with the nonce, and both make the same statement. */
export function closingActs(services: SiteServices, kind: 'decline' | 'revoke'): StatementActs {
  const on = (
    found: FoundStatement,
    words: { readonly reason: string; readonly nonce: string },
    act: (ceremony: ShownCeremony) => Promise<Answer>,
  ): Promise<Answer> =>
    inCeremony(services, found, {
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
        signingActions(ceremony, services.state).begin({ code: shortCode(statementDigest(ceremony.body)) }),
      );
      return answer.ok ? { ...answer, nonce } : answer;
    },
    finish: async (found, body) => {
      const given = closingFinish.safeParse(body);
      if (!given.success) return malformedAnswer;
      const { reason, nonce, signed } = given.data;
      const answer = await on(found, { reason, nonce }, (ceremony) =>
        signingActions(ceremony, services.state).finish(signed),
      );
      return answer.ok ? { ...answer, text: done[kind] } : answer;
    },
  };
}

async function inCeremony(
  services: SiteServices,
  { record, judged }: FoundStatement,
  of: {
    readonly make: (relay: Relay, course: Course) => Promise<ShownCeremony>;
    readonly act: (ceremony: ShownCeremony) => Promise<Answer>;
  },
): Promise<Answer> {
  const course = { sealed: record.sealed, store: services.records.store };
  const target = targetOf(services.setup, judged.target);
  const work = async (relay: Relay): Promise<Answer> => {
    const unsignable = whyUnsignable(services.origin, { policy: relay.policy, command: 'oneroof ratify' });
    if (unsignable !== null) return { ok: false, code: 'origin', text: unsignable };
    const ceremony = await of.make(relay, course);
    const missing: string[] = [];
    const onProblem = (line: string): void => {
      missing.push(line);
      services.onProblem(line);
    };
    const answer = await of.act(recorded(ceremony, { course, relay, onProblem }));
    services.looks.forget();
    return answer.ok && missing.length > 0
      ? { ...answer, text: `${answer.text} It counts, and is ${outward(missing.join('; '))}.` }
      : answer;
  };
  return inTurn(() => withRelay(target, 'serve', work));
}
