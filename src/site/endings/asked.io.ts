import { sql } from '../../database/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type State } from '../state/index.ts';

/** What a quorum is asked to end: a release in a target, as it is; null: what the target was before it was restored or moved, which is an adoption. */
export interface AskedEnding {
  readonly target: string;
  readonly sealed: SealedRelease | null;
}

/** The reason, and what was handed in again before. */
export interface Asking {
  readonly reason: string;
  readonly again: readonly string[];
}

const rowOf = ({ target, sealed }: AskedEnding) =>
  sealed === null ? sql`${target}, 'adoption', ''` : sql`${target}, 'abandonment', ${sealed.seal}`;

/** Puts it before the quorum; asked again, with another reason. */
export async function askForEnding(
  { pool }: Pick<State, 'pool'>,
  ending: AskedEnding,
  { reason, again }: Asking,
): Promise<void> {
  await pool.use((session) =>
    session.query(sql`insert into oneroof_server.endings as e (target, kind, seal, reason, again)
      values (${rowOf(ending)}, ${reason}, ${JSON.stringify(again)}::jsonb)
      on conflict (target, kind, seal) do update set reason = excluded.reason, again = e.again || excluded.again`),
  );
}

/** What was asked for; null: nothing of it. */
export async function readAskedEnding({ pool }: Pick<State, 'pool'>, ending: AskedEnding): Promise<Asking | null> {
  const [row] = await pool.use((session) =>
    session.query<{ reason: string; again: string }>(sql`select reason, again::text as again from oneroof_server.endings
      where (target, kind, seal) = (${rowOf(ending)})`),
  );
  return row === undefined ? null : { reason: row.reason, again: JSON.parse(row.again) as readonly string[] };
}

/** It counts, or no one asks for it any more. */
export async function forgetEnding({ pool }: Pick<State, 'pool'>, ending: AskedEnding): Promise<void> {
  await pool.use((session) =>
    session.query(sql`delete from oneroof_server.endings where (target, kind, seal) = (${rowOf(ending)})`),
  );
}
