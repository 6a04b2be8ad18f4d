import { canonicalJson, digest, instant, now, OneRoofError, printable } from '../core/index.ts';
import { type StatementDigest, statementDigest, writeStatement } from '../evidence/index.ts';
import {
  type Abandonment,
  acceptAbandonment,
  acceptAdoption,
  type Adoption,
  type Ending,
  describeGate,
  explainRefusal,
  parseStatement,
  readAccount,
  readEndings,
  readStatementBody,
  readTierRows,
  submitRelease,
  submitSignature,
} from '../gate/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Store } from '../kinds/index.ts';
import { adoptionStage } from '../pipeline.io.ts';
import { type ReadyToAdopt } from './adopt.io.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { drawn, type NonceFor } from './change-ceremony.io.ts';
import { abandonMeans, adoptMeans, describeRows } from './ending.ts';
import { type Standing } from './pages.ts';
import { type Relay } from './relay.io.ts';

/** Long enough for a quorum on several continents, short enough that what was kept back is worth nothing soon; the policy bounds it further. Milliseconds. */
const longest = 72 * 3_600_000;

/** What one ceremony of a quorum is about. */
interface Plan {
  readonly kind: Ending['kind'];
  readonly subject: { readonly name: string; readonly digest: string };
  readonly write: (drawn: Pick<Adoption, 'notBefore' | 'expires' | 'nonce'>) => string;
  readonly show: Pick<EndingCeremony, 'title' | 'facts' | 'told'>;
  readonly nonceFor?: NonceFor;
  /** Makes it count, once the quorum is there. */
  readonly accept: (statement: StatementDigest) => Promise<void>;
  /** Whether it counts already: another desk may have handed the last signature in. */
  readonly isDone: () => Promise<boolean>;
}

/** The ceremony of an ending, and what its page says: headings, each with its lines. */
export interface EndingCeremony extends ShownCeremony {
  readonly told: readonly { readonly title: string; readonly lines: readonly string[] }[];
}

/**
 * The ceremony in which a quorum ends a release in one database as it is. The page lists what is in place, and the database refuses the
 * statement where that has changed until it counts.
 *
 * Errors  ABANDONED: it was ended before.
 */
export async function abandonCeremony(
  relay: Relay,
  of: { readonly sealed: SealedRelease; readonly reason: string; readonly nonceFor?: NonceFor },
): Promise<EndingCeremony> {
  const { session, target, facts } = relay;
  const { release, seal } = of.sealed;
  await requireNotAbandoned(relay, of.sealed);
  await submitRelease(session, of.sealed);
  const rows = await readTierRows(session, seal);
  const subject = { name: release.name, digest: seal };
  return await endingCeremony(relay, {
    ...of,
    kind: 'abandonment',
    subject,
    write: (drawn) =>
      writeStatement<Abandonment>({
        kind: 'abandonment',
        subject,
        predicate: { facts: facts.facts, rows: [...rows], reason: of.reason, ...drawn },
      }),
    show: {
      title: `Abandon ${release.name} on ${target}`,
      facts: [
        ['Target', `${target}, database ${facts.facts.database}`],
        ['Release', `${release.name}: ${release.title}`],
        ['Seal', seal],
      ],
      told: [
        { title: 'What it means', lines: abandonMeans },
        { title: 'What is in place', lines: describeRows(rows) },
      ],
    },
    accept: (statement) => acceptAbandonment(session, statement),
    isDone: () => isAbandonedIn(session, seal),
  });
}

/**
 * Refuses what people have ended in a target already.
 *
 * Errors  ABANDONED
 */
export async function requireNotAbandoned(
  { session, target }: Pick<Relay, 'session' | 'target'>,
  { release, seal }: SealedRelease,
): Promise<void> {
  if (await isAbandonedIn(session, seal))
    throw new OneRoofError('ABANDONED', {
      problem: `${release.name} is abandoned on ${target}: it stays there as it is, and its seal opens nothing there any more`,
      fix: 'there is nothing to sign; what is still needed is another release, made for the schema as it is',
    });
}

async function isAbandonedIn(session: Relay['session'], seal: string): Promise<boolean> {
  return (await readAccount(session)).account.abandoned.includes(seal);
}

/** The ceremony in which a quorum takes a restored or moved database as the target from now on. */
export async function adoptCeremony(
  { relay, account, lost }: ReadyToAdopt,
  of: {
    readonly store: Store;
    readonly reason: string;
    readonly nonceFor?: NonceFor;
    /** Told, in one line, where it could not be recorded now. */
    readonly onProblem: (line: string) => void;
  },
): Promise<EndingCeremony> {
  const { session, target, facts } = relay;
  const subject = { name: facts.facts.uri, digest: digest('account', [canonicalJson(account)]) };
  return await endingCeremony(relay, {
    ...of,
    kind: 'adoption',
    subject,
    write: (drawn) =>
      writeStatement<Adoption>({
        kind: 'adoption',
        subject,
        predicate: { facts: facts.facts, reason: of.reason, ...drawn },
      }),
    show: {
      title: `Adopt a restored or moved database as ${target}`,
      facts: [
        ['Target', `${target}, database ${facts.facts.database}`],
        ['Incarnation', `${facts.facts.incarnation}, until this counts`],
        ['Server', `system ${facts.facts.systemIdentifier}, timeline ${facts.facts.timeline}`],
      ],
      told: [
        { title: 'What it means', lines: adoptMeans },
        {
          title: 'What the restore lost',
          lines: lost.length === 0 ? ['nothing that the log knows of'] : lost,
        },
        { title: 'What is in place', lines: describeRows(account.rows) },
      ],
    },
    accept: async (statement) => {
      await acceptAdoption(session, statement);
      const compared = { account: canonicalJson(account), lost: [...lost] };
      const adoption = { statement, compared };
      await adoptionStage(of.store, { target, session, adoption, subject: subject.digest }).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        of.onProblem(`not recorded as evidence: ${printable(why)}; oneroof bundle records it later`);
      });
    },
    isDone: async () => (await describeGate(session)).facts.incarnation !== facts.facts.incarnation,
  });
}

/** A statement that the database holds already ends nothing any more, or was withdrawn, and nobody can sign it twice: the next one is asked for. */
async function freshBody({ session, policy, target }: Relay, plan: Plan): Promise<string> {
  const { kind, subject, write, nonceFor = drawn } = plan;
  for (let turn = 0; ; turn += 1) {
    const { nonce, at } = await nonceFor({ target, previous: kind, next: subject.digest, turn });
    const expires = instant(new Date(Date.parse(at) + Math.min(longest, policy.window.longest)));
    if (expires <= now()) continue;
    const body = write({ notBefore: at, expires, nonce });
    if ((await readStatementBody(session, statementDigest(body))) === null) return body;
  }
}

/** The reason in the bytes that are signed, which may be an earlier one's. */
function reasonIn(body: string): string {
  const read = parseStatement(body);
  return read.ok && 'reason' in read.statement.predicate ? read.statement.predicate.reason : 'not known';
}

async function endingCeremony(relay: Relay, plan: Plan): Promise<EndingCeremony> {
  const { session, policy, registry } = relay;
  const { kind, subject, show } = plan;
  const find = async (): Promise<readonly Ending[]> =>
    (await readEndings(session)).filter((one) => one.kind === kind && one.subject === subject.digest);
  // the others sign the bytes that somebody has signed already; not where a signature was withdrawn, because nobody signs one statement twice
  const waiting = (await find()).find(({ withdrawn }) => withdrawn.length === 0);
  const body =
    (waiting === undefined ? null : await readStatementBody(session, waiting.statement)) ??
    (await freshBody(relay, plan));
  const statement = statementDigest(body);
  let accepted: Standing | null = null;
  const standing = async (): Promise<Standing> => {
    if (accepted !== null) return accepted;
    const found = (await find()).find((one) => one.statement === statement);
    if (found !== undefined)
      return {
        complete: found.missing === null,
        signed: found.persons,
        missing: found.missing === null ? [] : [explainRefusal(found.missing)],
      };
    if (await plan.isDone()) return { complete: true, signed: [], missing: [] };
    return { complete: false, signed: [], missing: [`seats: 0 of ${policy.quorum.length} seats are filled`] };
  };
  const settle = async (): Promise<Standing> => {
    const reached = await standing();
    if (!reached.complete || accepted !== null) return reached;
    if (!(await plan.isDone()))
      await plan.accept(statement).catch(async (error: unknown) => {
        if (!(await plan.isDone())) throw error;
      });
    accepted = reached;
    return reached;
  };
  await settle();
  return {
    body,
    policy,
    registry,
    barred: [],
    title: show.title,
    facts: [...show.facts, ['Reason', reasonIn(body)], ['Statement', body]],
    told: show.told,
    text: show.told
      .flatMap(({ title, lines }) => [title.toUpperCase(), ...lines, ''])
      .join('\n')
      .trimEnd(),
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      return await settle();
    },
  };
}
