import { type Problem, stated } from '../core/index.ts';
import { type DatabaseAccount as GateAccount } from '../gate/index.ts';
import {
  type PeopleRecord,
  policyDigest,
  readRules,
  registryDigest,
  parsePolicyDocument,
  parseRegistryDocument,
} from '../people/index.ts';
import { type PolicyAndRegistry } from './change.ts';

/** What the log says about one target. */
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

export type AccountComparison = GateAccount;

/** A registry or policy that came into force after what the restored database has. */
export interface LostDocument {
  readonly kind: 'registry' | 'policy';
  readonly digest: string;
  readonly link: PeopleRecord['rules']['links'][number];
}

/** What the database has and nothing confirms. */
export type Beyond = Problem;

/** How a restored database compares with what the signing host knows. */
export interface RestoredComparison {
  /** To be handed in again, in this order. */
  readonly again: { readonly documents: readonly LostDocument[]; readonly revocations: readonly PeopleRecord[] };
  /** Lost, as text, and not restorable from here. */
  readonly lost: readonly string[];
  /** What neither the log nor the pinned documents know: it is refused. */
  readonly beyond: readonly Beyond[];
}

/**
 * Compares a database that was restored or moved with the pinned documents and the log. What the log knows and the database lacks was lost
 * with the restore; what the database has and no one vouches for was put in on the way.
 *
 * Stops: a registry, a policy or a marker that someone wrote into a dump, or into a database that no gate watched; registries and
 * policies that someone who can write evidence made up: those of the log count where they lead to, or from, the pinned ones.
 */
export function compareAccount(
  { account, revocations }: { readonly account: AccountComparison; readonly revocations: readonly string[] },
  { pins, log }: { readonly pins: PolicyAndRegistry; readonly log: LogTold },
): RestoredComparison {
  const known = knownDocuments(log, pins);
  const order = inOrder(known);
  const had = inOrder(account.documents);
  const beyond = (what: string): Beyond => ({
    code: 'ADOPT_BEYOND',
    ...stated`the database holds ${{ document: what }}, which is in neither the log nor the pinned documents`,
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
      documents: known
        .slice(had.length)
        .flatMap(({ digest, kind, link }) => (link === null ? [] : [{ digest, kind, link }])),
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
      ...had.filter((one, place) => one !== order[place]).map((one) => beyond(`the ${one}`)),
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

/**
 * Registries and policies in the order in which they came into force, by the longest record of the log that the pinned ones are part of;
 * where there is none, the pinned ones alone. A registry names the one before it, a policy is signed over the one before it: so what leads
 * to the pinned ones is what led to them, and what follows them was signed by their quorum.
 */
function knownDocuments({ records }: LogTold, pins: PolicyAndRegistry): readonly Known[] {
  const isPinned = ({ policy, registry }: PolicyAndRegistry): boolean =>
    policyDigest(policy) === policyDigest(pins.policy) && registryDigest(registry) === registryDigest(pins.registry);
  const rules = records
    .map((one) => one.rules)
    .toSorted((one, other) => other.links.length - one.links.length)
    .find((one) => {
      const states = readRules(one);
      return typeof states !== 'string' && states.some(isPinned);
    });
  if (rules === undefined)
    return [
      { kind: 'policy', digest: policyDigest(pins.policy), link: null },
      { kind: 'registry', digest: registryDigest(pins.registry), link: null },
    ];
  return [
    ...(['policy', 'registry'] as const).map(
      (kind): Known => ({ kind, digest: digestOf(kind, rules.first[kind]), link: null }),
    ),
    ...rules.links.map((link): Known => ({ kind: link.kind, digest: digestOf(link.kind, link.document), link })),
  ];
}

/** Each as text for people; the two documents of the installation come in any order. */
function inOrder(documents: readonly { readonly kind: string; readonly digest: string }[]): readonly string[] {
  const said = documents.map(({ kind, digest }) => `${kind} ${digest}`);
  return [...said.slice(0, 2).toSorted(), ...said.slice(2)];
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
