import { z } from 'zod';
import { OneRoofError, printable } from '../core/index.ts';
import { shortCode, statementDigest, statementHash } from '../evidence/index.ts';
import {
  checkAssertion,
  isSoftware,
  type Passkey,
  type Person,
  type Policy,
  refusalOf,
  type Registry,
  type Signature,
} from '../gate/index.ts';
import { signPage, type SignView, type Standing } from './pages.ts';
import { type Prompts, promptsInMemory } from './prompts.io.ts';
import { type Answer, type Page } from './serve.io.ts';

/** One statement that people are asked to sign. */
export interface Ceremony {
  /** The canonical bytes. */
  readonly body: string;
  readonly policy: Policy;
  readonly registry: Registry;
  /** Persons that do not count for this statement: authors, and who instructed them. */
  readonly barred: readonly string[];
  /** Why no signature counts yet, for people; null where one does. Absent: each counts at once. */
  readonly early?: () => Promise<string | null>;
  /** Hands a good signature to the target, and says how the statement stands then. */
  readonly submit: (signed: Signed) => Promise<Standing>;
}

/** A ceremony and all that its page shows. How it is served, and how long, is somebody else's business. */
export interface ShownCeremony extends Ceremony, Pick<SignView, 'title' | 'facts' | 'text' | 'shown'> {
  /** How the statement stands now. */
  readonly standing: () => Promise<Standing>;
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
const malformed: Answer = { ok: false, code: 'malformed', text: 'the page sent something that it never sends' };
const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));

/** The page of a ceremony: what it draws, and what it answers. */
export function ceremonyPage(of: ShownCeremony): Pick<Page, 'draw' | 'actions'> {
  const { policy, title, facts, text, shown } = of;
  const statement = statementDigest(of.body);
  return {
    draw: async () =>
      signPage({
        policy,
        title,
        facts,
        statement,
        text,
        ...(shown === undefined ? {} : { shown }),
        standing: await of.standing(),
      }),
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
      if (!asked.success) return malformed;
      if (asked.data.code.trim().toLowerCase() !== code) {
        return { ok: false, code: 'short-code', text: 'this is not the code of the statement on this page' };
      }
      const early = await tooEarly(of);
      if (early !== null) return early;
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
      if (!given.success) return malformed;
      if ((await prompts.take(purpose, given.data.ceremony)) === null) {
        return { ok: false, code: 'ceremony', text: 'this prompt is over: type the code again' };
      }
      const early = await tooEarly(of);
      if (early !== null) return early;
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

/** The first signature says whether there was time for review. One that came too early would close the statement for good. */
async function tooEarly({ early }: Pick<Ceremony, 'early'>): Promise<Extract<Answer, { ok: false }> | null> {
  const text = (await early?.()) ?? null;
  return text === null ? null : { ok: false, code: 'review', text };
}

/** The database decides for itself, and what it refuses is said to the person: a second signature, a change that came between. */
function refusedByGate(error: unknown): Extract<Answer, { ok: false }> {
  const refusal = refusalOf(error);
  if (refusal === null) throw error;
  return { ok: false, code: refusal.code, text: refusal.facts.said };
}

/** Whose good signature this is, or why it does not count. The credential's id only finds candidates; the public key decides. */
export function recognise(of: Omit<Ceremony, 'submit'>, signature: Signature): Signed | Extract<Answer, { ok: false }> {
  const candidates = of.registry.persons.flatMap((person) =>
    person.keys.filter((key) => key.credential === signature.credential).map((key) => ({ person, key })),
  );
  let refused: Extract<Answer, { ok: false }> = {
    ok: false,
    code: 'key-unknown',
    text: 'nobody in the registry has this passkey',
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
      return { ok: false, code: 'author', text: `${person.name} wrote this release, or instructed who did` };
    } else {
      return { person, key, signature };
    }
  }
  return refused;
}

function softwareKey(person: Person): OneRoofError {
  return new OneRoofError('SOFTWARE_KEY', {
    problem: `a key of ${person.id} is made by software, and the policy is for production`,
    fix: 'enrol an authenticator of hardware, and drop that key from the registry',
  });
}
