import { sql } from '../../database/index.ts';
import { type State } from '../state/index.ts';
import { type AskedEnding, type Asking } from './asked.ts';

const sealOf = (ending: AskedEnding): string => (ending.kind === 'abandonment' ? ending.seal : '');

/** Puts it before the quorum; asked again, with another reason. */
export async function askForEnding(
  { pool }: Pick<State, 'pool'>,
  ending: AskedEnding,
  { reason, again }: Asking,
): Promise<void> {
  const { target, kind } = ending;
  await pool.use((session) =>
    session.query(sql`insert into oneroof_server.endings as e (target, kind, seal, reason, again)
      values (${target}, ${kind}, ${sealOf(ending)}, ${reason}, ${JSON.stringify(again)}::jsonb)
      on conflict (target, kind, seal) do update set reason = excluded.reason, again = e.again || excluded.again`),
  );
}

/** What was asked for; null: nothing of it. */
export async function readAskedEnding({ pool }: Pick<State, 'pool'>, ending: AskedEnding): Promise<Asking | null> {
  const { target, kind } = ending;
  const [row] = await pool.use((session) =>
    session.query<{ reason: string; again: string }>(sql`select reason, again::text as again from oneroof_server.endings
      where (target, kind, seal) = (${target}, ${kind}, ${sealOf(ending)})`),
  );
  return row === undefined ? null : { reason: row.reason, again: JSON.parse(row.again) as readonly string[] };
}

/** It counts, or nobody asks for it any more. */
export async function forgetEnding({ pool }: Pick<State, 'pool'>, ending: AskedEnding): Promise<void> {
  const { target, kind } = ending;
  await pool.use((session) =>
    session.query(
      sql`delete from oneroof_server.endings where (target, kind, seal) = (${target}, ${kind}, ${sealOf(ending)})`,
    ),
  );
}
