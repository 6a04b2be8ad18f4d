import { z } from 'zod';
import { type Formed, type Problem, printable, stated, type Stated } from '../../core/index.ts';

/** As which role the release ran on the clone, and what says so. */
export const roleForm = z.object({
  name: z.string(),
  /**
   * `gate`: the gate of the copy runs ratified steps as this role. `release`: `settings.role`. `database`: the owner of the database, whom the
   * installation takes. `administrator`: the role of a rollout is not known, so the one that makes the clones.
   */
  from: z.enum(['gate', 'release', 'database', 'administrator']),
  /** Of the administrator: why it is not the role of a rollout, and what to do about it. */
  reason: z.string().nullable(),
  fix: z.string().nullable(),
});
export type RehearsedAs = Formed<typeof roleForm>;

/** A role of the clone's server that the release could run as. */
export interface Candidate {
  readonly name: string;
  /** It is a superuser, or may replicate or pass row security: no gate runs steps as such a role. */
  readonly mighty: boolean;
  /** Whether the administrator of the clone can become it. */
  readonly reachable: boolean;
}

/** What a clone says of its roles. */
export interface RoleFacts {
  readonly administrator: string;
  readonly databaseOwner: string;
  /** Null: no gate. `named` is what it was installed for, `owner` who owns the functions that run steps. */
  readonly gate: { readonly named: string; readonly owner: string } | null;
  readonly roles: readonly Candidate[];
}

/** Which role a release is rehearsed as; problems where it cannot be. */
export type RoleChoice =
  | { readonly role: RehearsedAs; readonly problems: readonly [] }
  | { readonly role: null; readonly problems: readonly [Problem] };

/** Chooses the role that a rollout has: what the gate says, else what the release says, else what an installation would choose. */
export function chooseRole(facts: RoleFacts, wanted: string | null): RoleChoice {
  const { gate } = facts;
  if (gate === null) return wanted === null ? byDatabase(facts) : named(facts, { name: wanted, from: 'release' });
  if (wanted !== null && wanted !== gate.named)
    return refuse(
      stated`settings.role is ${{ role: wanted }}, and the gate of this database runs ratified steps as ${{ gateRole: gate.named }}`,
      `remove settings.role from release.yaml, or set it to ${gate.named}`,
    );
  if (gate.owner !== gate.named)
    return refuse(
      stated`the gate runs ratified steps as ${{ gateRole: gate.named }}, and on the clone its functions belong to ${{ owner: gate.owner }}: the copy was restored without its owners`,
      `create the roles of production on the clone server (pg_dumpall --roles-only), and restore the copy without --no-owner and --no-privileges`,
    );
  return named(facts, { name: gate.named, from: 'gate' });
}

/** What SET ROLE gets in a session of the release; null: the administrator of the clone stays. */
export function sessionRole(role: RehearsedAs | null): string | null {
  return role === null || role.from === 'administrator' ? null : role.name;
}

function byDatabase(facts: RoleFacts): RoleChoice {
  const { administrator, databaseOwner, roles } = facts;
  const owner = roles.find(({ name }) => name === databaseOwner);
  if (owner?.reachable === true && !owner.mighty)
    return { role: { name: owner.name, from: 'database', reason: null, fix: null }, problems: [] };
  const why =
    owner?.mighty === true ? 'a role as which no gate runs steps' : `a role that ${administrator} cannot become`;
  return {
    role: {
      name: administrator,
      from: 'administrator',
      reason: printable(`the role of a rollout is unknown: the database belongs to ${databaseOwner}, ${why}`),
      fix: 'name the role that owns the tables: `settings: {role: NAME}` in release.yaml',
    },
    problems: [],
  };
}

function named(facts: RoleFacts, of: { readonly name: string; readonly from: 'gate' | 'release' }): RoleChoice {
  const { name, from } = of;
  const role = facts.roles.find((one) => one.name === name);
  const who = from === 'gate' ? `the gate runs ratified steps as ${name}` : `settings.role is ${name}`;
  if (role === undefined)
    return refuse(
      stated`${{ why: who }}, and the clone server has no such role`,
      from === 'gate'
        ? 'create the roles of production on the clone server (pg_dumpall --roles-only), and take the copy again with its owners and grants'
        : 'correct settings.role in release.yaml, or create that role on the clone server with the rights that it has in production',
    );
  if (role.mighty)
    return refuse(
      stated`${{ why: who }}: it is a superuser, or may replicate or bypass row security, and no gate runs steps as such a role`,
      'name the role that owns the tables of the application in settings.role of release.yaml',
    );
  if (!role.reachable)
    return refuse(
      stated`${{ why: who }}, and ${{ administrator: facts.administrator }}, which makes the clones, is not a member of it`,
      `on the clone server, as a superuser: grant ${quoted(name)} to ${quoted(facts.administrator)}`,
    );
  return { role: { name, from, reason: null, fix: null }, problems: [] };
}

function refuse(why: Stated, fix: string): RoleChoice {
  const problem = printable(`the release cannot be rehearsed as the role of a rollout: ${why.problem}`);
  return { role: null, problems: [{ code: 'REHEARSAL_ROLE', problem, facts: why.facts, fix: printable(fix) }] };
}

/** A name as SQL takes it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const denials: readonly (readonly [RegExp, (what: string, role: string) => string])[] = [
  [/^permission denied for schema (.+)$/, (what, role) => `grant usage, create on schema ${quoted(what)} to ${role}`],
  [/^permission denied for database (.+)$/, (what, role) => `grant create on database ${quoted(what)} to ${role}`],
  [/^must be owner of table (.+)$/, (what, role) => `alter table ${quoted(what)} owner to ${role}`],
];

/**
 * What to do where a statement was denied to the role of the release. The statement of the grant is there where the server's message says in
 * English what was denied.
 */
export function grantFix(role: string, message: string): string {
  const found = denials.flatMap(([pattern, grant]) => {
    const what = pattern.exec(message)?.[1];
    return what === undefined ? [] : [`: ${grant(what, quoted(role))}`];
  });
  return printable(
    `a rollout runs this as ${role} too: in production, as a superuser or the owner, give it that right${found[0] ?? ''}; then \`oneroof clone golden\`, and rehearse again. Or change the statement so that it does not need that right`,
  );
}

/** The role in words, for the report and the page. */
export function explainRole({ name, from, reason }: RehearsedAs): string {
  const known: Readonly<Record<RehearsedAs['from'], string>> = {
    gate: 'the role that the gate runs ratified steps as',
    release: 'settings.role of the release; the copy has no gate',
    database: 'the owner of the database; the copy has no gate',
    administrator: `the administrator of the clone, not the role of a rollout: ${reason ?? ''}`,
  };
  return `${name} (${known[from]})`;
}
