import { z } from 'zod';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { shortCode, statementDigest, statementHash } from '../evidence/index.ts';
import { refusalOf } from '../gate/index.ts';
import {
  checkAssertion,
  isSoftware,
  type Passkey,
  type Person,
  type Policy,
  type Registry,
  type Signature,
} from '../people/index.ts';
import { type Html } from '../html/index.ts';
import { signPage, type SignView, type SigningState } from './signing-html.ts';
import { type Prompts, promptsInMemory } from './prompts.io.ts';
import { type Answer, malformedAnswer, type RefusedAnswer } from './answer.ts';
import { type Page } from './serve-page.io.ts';

/** Why a signature would not count, or count for nothing: the time for review runs, or the schema is not the one that was rehearsed. */
export interface Held {
  readonly code: 'review' | 'schema';
  readonly text: string;
}

/** One statement that people are asked to sign. */
export interface Ceremony {
  /** The canonical bytes. */
  readonly body: string;
  readonly policy: Policy;
  readonly registry: Registry;
  /** Persons that do not count for this statement: authors, and those who instructed them. */
  readonly barred: readonly string[];
  /** Why no one is asked for a signature now; null where one would count. Absent: each counts at once. */
  readonly held?: () => Promise<Held | null>;
  /** Hands a valid signature to the target, and returns the state of the statement afterwards. */
  readonly submit: (signed: Signed) => Promise<SigningState>;
}

/** A ceremony and all that its page shows. How it is served, and how long, is someone else's business. */
export interface ShownCeremony extends Ceremony, Pick<SignView, 'title' | 'facts' | 'text' | 'shown'> {
  /** The state of the statement now. */
  readonly standing: () => Promise<SigningState>;
  /** What is read from the target for each page, in addition to what is signed; absent: nothing. */
  readonly now?: () => Promise<Html>;
}

/** A signature that was checked, and whose it is. */
export interface Signed {
  readonly person: Person;
  readonly key: Passkey;
  readonly signature: Signature;
}

const begin = z.strictObject({ code: z.string().max(64) });
const bytes = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/)
  .max(16_384);
const finish = z.strictObject({
  ceremony: z.string().max(64),
  credential: bytes,
  authenticatorData: bytes,
  clientDataJSON: bytes,
  signature: bytes,
});
const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));

/** The page of a ceremony: its HTML and its actions. */
export function ceremonyPage(of: ShownCeremony): Pick<Page, 'draw' | 'actions'> {
  const statement = statementDigest(of.body);
  return {
    draw: async () => signPage({ ...of, statement, standing: await of.standing(), now: (await of.now?.()) ?? null }),
    actions: signingActions(of),
  };
}

/**
 * The actions of a page for signing: `begin` takes the typed code, `finish` the assertion. Each prompt counts once, and for this statement
 * alone; where `prompts` outlive the process, another one may finish what this one began.
 */
export function signingActions(
  of: Ceremony,
  prompts: Prompts = promptsInMemory(),
): Readonly<Record<'begin' | 'finish', (body: unknown) => Promise<Answer>>> {
  const statement = statementDigest(of.body);
  const code = shortCode(statement);
  const purpose = `sign ${statement}`;
  return {
    begin: async (body) => {
      const asked = begin.safeParse(body);
      if (!asked.success) return malformedAnswer;
      if (asked.data.code.trim().toLowerCase() !== code) {
        return { ok: false, code: 'short-code', text: 'this is not the code of the statement on this page' };
      }
      const held = await whyHeld(of);
      if (held !== null) return held;
      return {
        ok: true,
        text: 'use your passkey',
        ceremony: await prompts.begin(purpose, {}),
        challenge: Buffer.from(statementHash(of.body)).toString('base64url'),
        rpId: of.policy.rpId,
        credentials: of.registry.persons.flatMap((person) => person.keys.map((key) => key.credential)),
      };
    },
    finish: async (body) => {
      const given = finish.safeParse(body);
      if (!given.success) return malformedAnswer;
      if ((await prompts.take(purpose, given.data.ceremony)) === null) {
        return { ok: false, code: 'ceremony', text: 'this prompt has expired: type the code again' };
      }
      const held = await whyHeld(of);
      if (held !== null) return held;
      const signed = recognise(of, {
        credential: given.data.credential,
        authenticatorData: decode(given.data.authenticatorData),
        clientDataJSON: decode(given.data.clientDataJSON),
        signature: decode(given.data.signature),
      });
      if ('ok' in signed) return signed;
      const standing = await of.submit(signed).catch(refusedByGate);
      if ('ok' in standing) return standing;
      const rest = standing.missing.length === 0 ? 'nothing is missing' : `missing: ${standing.missing.join('; ')}`;
      return { ok: true, text: printable(`Signed by ${signed.person.name}; ${rest}.`), complete: standing.complete };
    },
  };
}

/** The first signature says whether there was time for review. One that came too early would close the statement permanently. */
async function whyHeld({ held }: Pick<Ceremony, 'held'>): Promise<RefusedAnswer | null> {
  const why = (await held?.()) ?? null;
  return why === null ? null : { ok: false, ...why };
}

/** The database decides itself, and the person sees its refusal: a second signature, a change in between. */
function refusedByGate(error: unknown): RefusedAnswer {
  const refusal = refusalOf(error);
  if (refusal === null) throw error;
  return { ok: false, code: refusal.code, text: refusal.facts.said };
}

/** Whose good signature this is, or why it does not count. The credential's id only finds candidates; the public key decides. */
export function recognise(of: Omit<Ceremony, 'submit'>, signature: Signature): Signed | RefusedAnswer {
  const candidates = of.registry.persons.flatMap((person) =>
    person.keys.filter((key) => key.credential === signature.credential).map((key) => ({ person, key })),
  );
  let refused: RefusedAnswer = {
    ok: false,
    code: 'key-unknown',
    text: 'no person of the registry has this passkey',
  };
  for (const { person, key } of candidates) {
    if (of.policy.production && isSoftware(key)) throw softwareKey(person);
    const wrong = checkAssertion({
      challenge: statementHash(of.body),
      policy: of.policy,
      key,
      device: key.device === 'bound' ? 'bound' : 'any',
      signature,
    });
    if (wrong !== null) {
      refused = { ok: false, code: wrong.code, text: wrong.problem };
    } else if (of.barred.includes(person.id) || of.barred.includes(person.name)) {
      return { ok: false, code: 'author', text: `${person.name} wrote this release, or instructed its author` };
    } else {
      return { person, key, signature };
    }
  }
  return refused;
}

function softwareKey(person: Person): OneRoofError {
  return new OneRoofError('SOFTWARE_KEY', {
    ...stated`a key of ${{ person: person.id }} is a software key, and the policy is for production`,
    fix: 'enrol a hardware authenticator, and drop that key from the registry',
  });
}
