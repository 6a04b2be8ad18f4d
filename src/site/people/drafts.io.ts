import { randomBytes } from 'node:crypto';
import { type Instant, now } from '../../core/index.ts';
import { type Session, sql } from '../../database/index.ts';
import { parsePolicyDocument, parseRegistry, type Registry, registryDocument } from '../../people/index.ts';
import { documentOf, type Drawn, type Next, type NonceName, parsed } from '../../signing/index.ts';
import { type State } from '../state/index.ts';
import { type Base } from './bases.ts';
import { type ProposedChange } from './people-view.ts';

/** Any number that no one else takes: two servers that change a draft at once do so one after the other. */
const drafting = 7_036_874_419;

/** The draft that follows a base; null: nothing was changed yet. */
export async function readDraft({ pool }: Pick<State, 'pool'>, base: Base): Promise<Registry | null> {
  return await pool.use((session) => draftIn(session, base));
}

/**
 * Changes the draft that follows a base; `change` may have more to do in the same transaction.
 *
 * Errors  those of `change`, and then nothing has changed; REGISTRY_INVALID where it makes something that is no registry.
 */
export async function changeDraft(
  { pool }: Pick<State, 'pool'>,
  base: Base,
  change: (draft: Registry, session: Session) => Promise<Registry>,
): Promise<Registry> {
  return await pool.transaction(async (session) => {
    await session.query(sql`select pg_catalog.pg_advisory_xact_lock(${drafting})`);
    const next = await change((await draftIn(session, base)) ?? base.start, session);
    const document = registryDocument(next);
    const checked = parsed(parseRegistry({ text: document, file: 'the draft' }));
    await session.query(
      sql`insert into oneroof_server.drafts (follows, document) values (${base.follows}, ${document})
        on conflict (follows) do update set document = excluded.document, changed_at = now()`,
    );
    return checked;
  });
}

/** Forgets the draft that follows a base. */
export async function discardDraft({ pool }: Pick<State, 'pool'>, follows: string): Promise<void> {
  await pool.use((session) => session.query(sql`delete from oneroof_server.drafts where follows = ${follows}`));
}

async function draftIn(session: Session, { follows }: Base): Promise<Registry | null> {
  const [row] = await session.query<{ document: string }>(
    sql`select document from oneroof_server.drafts where follows = ${follows}`,
  );
  return row === undefined ? null : parsed(parseRegistry({ text: row.document, file: 'the draft' }));
}

/** Puts a change before the quorum; the same one again changes nothing. */
export async function askFor({ pool }: Pick<State, 'pool'>, next: Next): Promise<string> {
  const { document, digest } = documentOf(next);
  await pool.use((session) =>
    session.query(
      sql`insert into oneroof_server.changes (digest, kind, document) values (${digest}, ${next.kind}, ${document}) on conflict do nothing`,
    ),
  );
  return digest;
}

/** All changes that were asked for, newest first. */
export async function readAsked({ pool }: Pick<State, 'pool'>): Promise<readonly ProposedChange[]> {
  const rows = await pool.use((session) =>
    session.query<{ kind: 'registry' | 'policy'; document: string; made: Instant }>(
      sql`select kind, document, to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as made
        from oneroof_server.changes order by made_at desc`,
    ),
  );
  return rows.map(({ kind, document, made }) => {
    const from = { text: document, file: `the ${kind} that the quorum is asked for` };
    const next: Next =
      kind === 'registry'
        ? { kind, registry: parsed(parseRegistry(from)) }
        : { kind, policy: parsed(parsePolicyDocument(from)) };
    // what people sign is the document: its own digest names it, whatever the row says
    return { digest: documentOf(next).digest, next, madeAt: made };
  });
}

/** Takes a change back; signatures that a target has are not touched. */
export async function withdrawChange({ pool }: Pick<State, 'pool'>, digest: string): Promise<void> {
  await pool.use((session) => session.query(sql`delete from oneroof_server.changes where digest = ${digest}`));
}

/** The nonce of a change in a target, and when it was created: the same for all signers, on every server. */
export async function nonceOf({ pool }: Pick<State, 'pool'>, change: NonceName): Promise<Drawn> {
  const { target, previous, next, turn } = change;
  const fresh = randomBytes(16).toString('hex');
  const [row] = await pool.use((session) =>
    session.query<{ nonce: string; at: Instant }>(
      sql`insert into oneroof_server.nonces as n (target, previous, next, turn, nonce)
        values (${target}, ${previous}, ${next}, ${turn}, ${fresh})
        on conflict (target, previous, next, turn) do update set nonce = n.nonce
        returning n.nonce, to_char(n.drawn_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
    ),
  );
  return row ?? { nonce: fresh, at: now() };
}
