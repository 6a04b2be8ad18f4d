import { canonicalJson, digest, OneRoofError, stated } from '../core/index.ts';
import { writeStatement } from '../evidence/index.ts';
import {
  acceptAbandonment,
  acceptAdoption,
  type Ending,
  describeGate,
  readAccount,
  readEndings,
  readTierRows,
  submitRelease,
} from '../gate/index.ts';
import { type Abandonment, type Adoption, parseStatement } from '../people/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Store } from '../evidence-kinds/index.ts';
import { adoptionStage } from '../pipeline.io.ts';
import { type ReadyToAdopt } from './adoption.io.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { abandonMeans, adoptMeans, describeRows } from './ending.ts';
import { tryRecording } from './recording.io.ts';
import { type Relay } from './relay.io.ts';
import { type NonceFor, type QuorumPlan, quorumStatement } from './signature-ceremony.io.ts';

/** What one ceremony of a quorum is about. */
type Plan = Pick<QuorumPlan, 'write' | 'accept' | 'isDone' | 'nonceFor'> & {
  readonly kind: Ending['kind'];
  /** What is ended: a digest. */
  readonly subject: string;
  readonly show: Pick<EndingCeremony, 'title' | 'facts' | 'told'>;
};

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
    subject: seal,
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
      ...stated`${{ release: release.name }} is abandoned on ${{ target }}: it stays there as it is, and its seal opens nothing there any more`,
      fix: 'there is nothing to sign; if something is still needed, make another release for the present schema',
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
    subject: subject.digest,
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
          lines: lost.length === 0 ? ['nothing that the log knows'] : lost,
        },
        { title: 'What is in place', lines: describeRows(account.rows) },
      ],
    },
    accept: async (statement) => {
      await acceptAdoption(session, statement);
      const compared = { account: canonicalJson(account), lost: [...lost] };
      const adoption = { statement, compared };
      await tryRecording(
        () => adoptionStage(of.store, { target, session, adoption, subject: subject.digest }),
        of.onProblem,
      );
    },
    isDone: async () => (await describeGate(session)).facts.incarnation !== facts.facts.incarnation,
  });
}

/** The reason in the bytes that are signed, which may be an earlier one's. */
function reasonIn(body: string): string {
  const read = parseStatement(body);
  return read.ok && 'reason' in read.statement.predicate ? read.statement.predicate.reason : 'not known';
}

async function endingCeremony(relay: Relay, { kind, subject, show, ...plan }: Plan): Promise<EndingCeremony> {
  const statement = await quorumStatement(relay, {
    ...plan,
    name: { previous: kind, next: subject },
    find: async () => (await readEndings(relay.session)).filter((one) => one.kind === kind && one.subject === subject),
  });
  return {
    ...statement,
    ...show,
    facts: [...show.facts, ['Reason', reasonIn(statement.body)], ['Statement', statement.body]],
    text: show.told
      .flatMap(({ title, lines }) => [title.toUpperCase(), ...lines, ''])
      .join('\n')
      .trimEnd(),
  };
}
