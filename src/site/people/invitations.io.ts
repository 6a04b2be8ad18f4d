import { createHash, randomBytes } from 'node:crypto';
import { type Instant, OneRoofError, stated } from '../../core/index.ts';
import { type Session, sql } from '../../database/index.ts';
import { type Enrolment } from '../../signing/index.ts';
import { type State } from '../state/index.ts';
import { type Invitation } from './people-view.ts';

interface Row {
  readonly hash: string;
  readonly person: string;
  readonly name: string | null;
  /** As the driver hands out numbers. */
  readonly level: string | null;
  readonly until: Instant;
}
const columns = sql`hash, person, name, level, to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until`;
const invitationOf = ({ hash: name, until, ...row }: Row): Invitation => ({
  hash: name,
  until,
  enrolment: { id: row.person, name: row.name, level: row.level === null ? null : Number(row.level) },
});

/** Makes an invitation; the secret is in the link, and nowhere else. */
export async function invite(
  { pool }: Pick<State, 'pool'>,
  { enrolment, hours }: { readonly enrolment: Enrolment; readonly hours: number },
): Promise<{ readonly secret: string; readonly until: Instant }> {
  const secret = randomBytes(24).toString('base64url');
  const { id, name, level } = enrolment;
  const [row] = await pool.use((session) =>
    session.query<Row>(
      sql`insert into oneroof_server.invitations (hash, person, name, level, until)
        values (${hash(secret)}, ${id}, ${name}, ${level}, now() + make_interval(hours => ${hours})) returning ${columns}`,
    ),
  );
  if (row === undefined) throw over();
  return { secret, until: row.until };
}

/**
 * The invitation of a secret.
 *
 * Errors  INVITATION_OVER
 */
export async function findInvitation({ pool }: Pick<State, 'pool'>, secret: string): Promise<Invitation> {
  const [row] = await pool.use((session) =>
    session.query<Row>(
      sql`select ${columns} from oneroof_server.invitations where hash = ${hash(secret)} and used_at is null and until > now()`,
    ),
  );
  if (row === undefined) throw over();
  return invitationOf(row);
}

/**
 * Uses an invitation up, in the transaction in which its key is kept: both, or neither.
 *
 * Errors  INVITATION_OVER: someone was faster, too.
 */
export async function useUp(session: Session, invitation: Invitation): Promise<void> {
  const rows = await session.query(
    sql`update oneroof_server.invitations set used_at = now()
      where hash = ${invitation.hash} and used_at is null and until > now() returning hash`,
  );
  if (rows.length !== 1) throw over();
}

/** Invitations that can still be used, the newest first. */
export async function openInvitations({ pool }: Pick<State, 'pool'>): Promise<readonly Invitation[]> {
  const rows = await pool.use((session) =>
    session.query<Row>(
      sql`select ${columns} from oneroof_server.invitations where used_at is null and until > now() order by made_at desc`,
    ),
  );
  return rows.map(invitationOf);
}

/** Takes an invitation back. */
export async function withdrawInvitation({ pool }: Pick<State, 'pool'>, name: string): Promise<void> {
  await pool.use((session) => session.query(sql`delete from oneroof_server.invitations where hash = ${name}`));
}

function over(): OneRoofError {
  return new OneRoofError('INVITATION_OVER', {
    ...stated`this invitation is unknown, was used, was withdrawn, or has expired`,
    fix: 'ask its sender for another one: the page People of this site makes invitations',
  });
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
