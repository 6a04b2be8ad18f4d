import { randomBytes } from 'node:crypto';
import { canonicalJson, digest, instant, now, OneRoofError } from '../core/index.ts';
import { type StatementDigest, statementDigest, writeStatement } from '../evidence/index.ts';
import {
  type Abandonment,
  acceptAbandonment,
  acceptAdoption,
  type Account,
  type Adoption,
  type Ending,
  explainRefusal,
  isAbandoned,
  parseStatement,
  readEndings,
  readCycles,
  readStatementBody,
  readTierRows,
  submitRelease,
  submitSignature,
} from '../gate/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { abandonMeans, adoptMeans, describeRows } from './ending.ts';
import { type Standing } from './pages.ts';
import { type Relay } from './relay.io.ts';

/** Long enough for a quorum on several continents, short enough that what was kept back is worth nothing soon; the policy bounds it further. Milliseconds. */
const longest = 72 * 3_600_000;

/** What one ceremony of a quorum is about. */
interface Plan {
  readonly kind: Ending['kind'];
  readonly subject: { readonly name: string; readonly digest: string };
  readonly write: () => string;
  readonly show: Pick<ShownCeremony, 'title' | 'facts'> & {
    readonly means: readonly string[];
    readonly lists: readonly string[];
  };
  /** Makes it count, once the quorum is there. */
  readonly accept: (statement: StatementDigest) => Promise<void>;
}

/**
 * The ceremony in which a quorum ends a release in one database as it is. The page lists what is in place, and the database refuses the
 * statement where that has changed until it counts.
 *
 * Errors  ABANDONED: it was ended before.
 */
export async function abandonCeremony(
  relay: Relay,
  { sealed, reason }: { readonly sealed: SealedRelease; readonly reason: string },
): Promise<ShownCeremony> {
  const { session, target, facts } = relay;
  const { release, seal } = sealed;
  if ((await readCycles(session)).some((one) => one.seal === seal && isAbandoned(one)))
    throw new OneRoofError('ABANDONED', {
      problem: `${release.name} is abandoned on ${target} already: it stays there as it is`,
      fix: 'there is nothing to sign',
    });
  await submitRelease(session, sealed);
  const rows = await readTierRows(session, seal);
  const subject = { name: release.name, digest: seal };
  return await endingCeremony(relay, {
    kind: 'abandonment',
    subject,
    write: () =>
      writeStatement<Abandonment>({
        kind: 'abandonment',
        subject,
        predicate: { facts: facts.facts, rows: [...rows], reason, ...drawn(relay) },
      }),
    show: {
      title: `Abandon ${release.name} on ${target}`,
      facts: [
        ['Target', `${target}, database ${facts.facts.database}`],
        ['Release', `${release.name}: ${release.title}`],
        ['Seal', seal],
      ],
      means: abandonMeans,
      lists: ['WHAT IS IN PLACE', ...describeRows(rows)],
    },
    accept: (statement) => acceptAbandonment(session, statement),
  });
}

/** What the signing host found when it compared the database with its pins and the log. */
export interface Adopted {
  readonly account: Account;
  readonly reason: string;
  /** What the restore lost, in words. */
  readonly lost: readonly string[];
  /** Called once it counts, with the incarnation that was drawn. */
  readonly onAdopted: (of: { readonly body: string; readonly incarnation: string }) => Promise<void>;
}

/** The ceremony in which a quorum takes a restored or moved database as the target from now on. */
export async function adoptCeremony(relay: Relay, plan: Adopted): Promise<ShownCeremony> {
  const { session, target, facts } = relay;
  const { account, lost, reason } = plan;
  const subject = { name: facts.facts.uri, digest: digest('account', [canonicalJson(account)]) };
  const write = (): string =>
    writeStatement<Adoption>({
      kind: 'adoption',
      subject,
      predicate: { facts: facts.facts, reason, ...drawn(relay) },
    });
  return await endingCeremony(relay, {
    kind: 'adoption',
    subject,
    write,
    show: {
      title: `Adopt a restored or moved database as ${target}`,
      facts: [
        ['Target', `${target}, database ${facts.facts.database}`],
        ['Incarnation', `${facts.facts.incarnation}, until this counts`],
        ['Server', `system ${facts.facts.systemIdentifier}, timeline ${facts.facts.timeline}`],
      ],
      means: adoptMeans,
      lists: [
        'WHAT THE RESTORE LOST',
        ...(lost.length === 0 ? ['nothing that the log knows of'] : lost),
        '',
        'WHAT IS IN PLACE',
        ...describeRows(account.rows),
      ],
    },
    accept: async (statement) => {
      const body = (await readStatementBody(session, statement)) ?? '';
      const incarnation = await acceptAdoption(session, statement);
      await plan.onAdopted({ body, incarnation });
    },
  });
}

function drawn({ policy }: Relay): Pick<Adoption, 'notBefore' | 'expires' | 'nonce'> {
  const notBefore = now();
  const expires = instant(new Date(Date.parse(notBefore) + Math.min(longest, policy.window.longest)));
  return { notBefore, expires, nonce: randomBytes(16).toString('hex') };
}

/** The reason in the bytes that are signed, which may be an earlier one's. */
function reasonIn(body: string): string {
  const read = parseStatement(body);
  return read.ok && 'reason' in read.statement.predicate ? read.statement.predicate.reason : 'not known';
}

async function endingCeremony(relay: Relay, plan: Plan): Promise<ShownCeremony> {
  const { session, policy, registry } = relay;
  const { kind, subject, show } = plan;
  const find = async (): Promise<readonly Ending[]> =>
    (await readEndings(session)).filter((one) => one.kind === kind && one.subject === subject.digest);
  // the others sign the bytes that somebody has signed already; not where a signature was withdrawn, because nobody signs one statement twice
  const waiting = (await find()).find(({ withdrawn }) => withdrawn.length === 0);
  const body = (waiting === undefined ? null : await readStatementBody(session, waiting.statement)) ?? plan.write();
  const statement = statementDigest(body);
  let accepted: Standing | null = null;
  const standing = async (): Promise<Standing> => {
    if (accepted !== null) return accepted;
    const found = (await find()).find((one) => one.statement === statement);
    const lacks = `seats: 0 of ${policy.quorum.length} seats are filled`;
    return found === undefined
      ? { complete: false, signed: [], missing: [lacks] }
      : {
          complete: found.missing === null,
          signed: found.persons,
          missing: found.missing === null ? [] : [explainRefusal(found.missing)],
        };
  };
  const settle = async (): Promise<Standing> => {
    const reached = await standing();
    if (!reached.complete || accepted !== null) return reached;
    await plan.accept(statement);
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
    text: ['WHAT IT MEANS', ...show.means, '', ...show.lists].join('\n'),
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      return await settle();
    },
  };
}
