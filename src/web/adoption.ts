import { type Problem } from '../core/index.ts';
import { type Account as GateAccount, type PeopleRecord, policyDigest, registryDigest } from '../gate/index.ts';
import { type InForce } from './change.ts';
import { parsePolicyDocument, parseRegistryDocument } from '../gate/index.ts';

/** What the log tells of one target. */
export interface LogTold {
  /** Newest last. */
  readonly records: readonly PeopleRecord[];
  /** Tiers that a run of ours began or ended. */
  readonly runs: readonly {
    readonly statement: string;
    readonly tier: string;
    readonly direction: 'up' | 'down';
    readonly applied: boolean;
    readonly steps: number;
  }[];
}

export type Account = GateAccount;

/** A registry or policy that came into force after what the restored database has. */
export interface LostDocument {
  readonly kind: 'registry' | 'policy';
  readonly digest: string;
  readonly link: PeopleRecord['rules']['links'][number];
}

/** What was found beyond what anybody vouches for. */
export type Beyond = Problem;

/** How a restored database compares with what the signing host knows. */
export interface Compared {
  /** To be handed in again, in this order. */
  readonly again: { readonly documents: readonly LostDocument[]; readonly revocations: readonly PeopleRecord[] };
  /** Lost, in words, and not to be had back from here. */
  readonly lost: readonly string[];
  /** What neither the log nor the pinned documents know: it is refused. */
  readonly beyond: readonly Beyond[];
}

/**
 * Compares a database that was restored or moved with the pinned documents and the log. What the log knows and the database lacks was lost
 * with the restore; what the database has and nobody vouches for was put in on the way.
 *
 * Stops: a registry, a policy or a marker that somebody wrote into a dump, or into a database that no gate watched.
 */
export function compareAccount(
  { account, revocations }: { readonly account: Account; readonly revocations: readonly string[] },
  { pins, log }: { readonly pins: InForce; readonly log: LogTold },
): Compared {
  const known = documentsOf(log);
  const vouched = new Set<string>([
    ...known.map(({ digest }) => digest),
    policyDigest(pins.policy),
    registryDigest(pins.registry),
  ]);
  const had = new Set(account.documents.map(({ digest }) => String(digest)));
  const beyond = (what: string): Beyond => ({
    code: 'ADOPT_BEYOND',
    problem: `the database holds ${what}, which neither the log nor the pinned documents know`,
    fix: 'find out who put it there; restore again from a copy without it',
  });
  const logged = new Set(log.runs.map((one) => `${one.statement} ${one.direction} ${one.tier}`));
  const rows = new Set(
    account.rows
      .filter(({ steps, done }) => done || steps > 0)
      .map((one) => `${one.cycle} ${one.direction} ${one.tier}`),
  );
  const furthest = new Map(
    log.runs.filter(({ applied }) => applied).map((one) => [`${one.statement} ${one.direction} ${one.tier}`, one]),
  );
  const seals = new Set(
    log.records
      .filter(({ statement }) => statement.kind === 'abandonment' && (statement.acceptedAt ?? null) !== null)
      .map((one) => subjectOf(one)),
  );
  return {
    again: {
      documents: known.flatMap(({ digest, kind, link }) =>
        link === null || had.has(digest) ? [] : [{ digest, kind, link }],
      ),
      revocations: unique(
        log.records.filter(
          ({ statement }) => statement.kind === 'revocation' && !revocations.includes(statement.digest),
        ),
      ),
    },
    lost: [
      ...[...furthest.values()]
        .filter((one) => !rows.has(`${one.statement} ${one.direction} ${one.tier}`))
        .map(
          (one) =>
            `tier ${one.tier}, ${one.direction === 'up' ? 'rolled out' : 'rolled back'} by ${one.statement}: its rows and what it did`,
        ),
      ...[...seals]
        .filter((seal) => !account.abandoned.includes(seal))
        .map((seal) => `the abandonment of ${seal}: sign it again`),
    ],
    beyond: [
      ...account.documents
        .filter(({ digest }) => !vouched.has(digest))
        .map(({ kind, digest }) => beyond(`the ${kind} ${digest}`)),
      ...[...rows].filter((row) => !logged.has(row)).map((row) => beyond(`rows of a tier (${row})`)),
      ...account.abandoned.filter((seal) => !seals.has(seal)).map((seal) => beyond(`an abandonment of ${seal}`)),
    ],
  };
}

interface Known {
  readonly kind: 'registry' | 'policy';
  readonly digest: string;
  readonly link: PeopleRecord['rules']['links'][number] | null;
}

/** Registries and policies in the order in which they came into force, as the newest record tells. */
function documentsOf({ records }: LogTold): readonly Known[] {
  const rules = records
    .map((one) => one.rules)
    .toSorted((one, other) => one.links.length - other.links.length)
    .at(-1);
  if (rules === undefined) return [];
  return [
    ...(['policy', 'registry'] as const).map(
      (kind): Known => ({ kind, digest: digestOf(kind, rules.first[kind]), link: null }),
    ),
    ...rules.links.map((link): Known => ({ kind: link.kind, digest: digestOf(link.kind, link.document), link })),
  ];
}

function digestOf(kind: 'registry' | 'policy', text: string): string {
  if (kind === 'policy') {
    const policy = parsePolicyDocument({ file: kind, text });
    return policy.ok ? policyDigest(policy.value) : 'unreadable';
  }
  const registry = parseRegistryDocument({ file: kind, text });
  return registry.ok ? registryDigest(registry.value) : 'unreadable';
}

function subjectOf({ statement }: PeopleRecord): string {
  return `sha256:${/"subject":\[\{"digest":\{"sha256":"([0-9a-f]{64})"/.exec(statement.body)?.[1] ?? ''}`;
}

function unique(records: readonly PeopleRecord[]): readonly PeopleRecord[] {
  return [...new Map(records.map((one) => [String(one.statement.digest), one])).values()];
}
