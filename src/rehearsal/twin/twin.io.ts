import { type Clone } from '../../clone/index.ts';
import { type Problem } from '../../core/index.ts';
import { type Connection, id, openSession, type Session, type Sql, sql } from '../../database/index.ts';
import { type Release, type TierId } from '../../release/index.ts';
import { forwardOrder } from '../boundaries/index.ts';
import { withReleaseSession } from '../session/index.ts';
import { runChecks, runTier } from '../tier/index.ts';
import { type Twin } from './twin-form.ts';

/** A table that is larger keeps the order of its rows: turning it around would cost more than the release. */
const largestTurned = 50_000;

/** Plans that the server would not choose by itself: what depends on the order of rows then shows. */
export const otherPlans = {
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_hashagg: 'off',
  enable_indexscan: 'off',
  max_parallel_workers_per_gather: '0',
  synchronize_seqscans: 'off',
};

/** Names the tables of a clone that were read since it was made. */
export async function readTables(clone: Connection): Promise<readonly string[]> {
  const session = await openSession(clone, { applicationName: 'oneroof rehearsal' });
  try {
    const rows = await session.query<{ name: string }>(sql`
      select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
      where coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0 order by 1`);
    return rows.map(({ name }) => name);
  } finally {
    await session.close();
  }
}

/**
 * Turns the rows of the twin's tables around, so that a release that depends on their physical order shows it. The rows stay the same;
 * triggers, rules and foreign keys are not asked, because nothing changes for them.
 */
export async function prepareTwin(twin: Connection, tables: readonly string[]): Promise<Twin['prepared']> {
  const session = await openSession(twin, { applicationName: 'oneroof rehearsal' });
  try {
    const turned: string[] = [];
    const kept: { relation: string; reason: string }[] = [];
    for (const relation of tables) {
      const reason = await turn(session, relation);
      if (reason === null) turned.push(relation);
      else kept.push({ relation, reason });
    }
    return { turned, kept };
  } finally {
    await session.close();
  }
}

interface Turnable {
  readonly schema: string;
  readonly table: string;
  readonly columns: string;
  readonly fires: string;
  readonly kind: string;
}

async function turn(session: Session, relation: string): Promise<string | null> {
  const [found] = await session.query<Turnable>(sql`
    select n.nspname as schema, c.relname as table, c.relkind::text as kind,
      (select coalesce(jsonb_agg(a.attname order by a.attnum), '[]') from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')::text as columns,
      exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgenabled in ('A', 'R'))::text as fires
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(${relation})`);
  if (found === undefined) return 'the forward run created it';
  if (found.kind !== 'r') return 'it is not an ordinary table';
  if (found.fires === 'true') return 'it has ENABLE ALWAYS triggers';
  const columns = JSON.parse(found.columns) as readonly string[];
  if (columns.length === 0) return 'it has no columns';
  const table = id(found.schema, found.table);
  const bound = largestTurned + 1;
  const [size] = await session.query<{ rows: string }>(
    sql`select count(*)::text as rows from (select from only ${table} limit ${bound}) r`,
  );
  if (Number(size?.rows) > largestTurned) return `it has more than ${largestTurned.toLocaleString('en-US')} rows`;
  const list = columns.map((name) => sql`${id(name)}`).reduce((all: Sql, next) => sql`${all}, ${next}`);
  try {
    await session.query(sql`begin`);
    await session.query(sql`set local session_replication_role = replica`);
    await session.query(
      sql`create temporary table turned on commit drop as select ${list} from only ${table} order by ctid desc`,
    );
    await session.query(sql`delete from only ${table}`);
    await session.query(sql`insert into ${table} (${list}) overriding system value select ${list} from pg_temp.turned`);
    await session.query(sql`commit`);
    return null;
  } catch (error) {
    await session.query(sql`rollback`);
    return `its rows could not be reordered (${(error as { code?: string }).code ?? 'unknown'})`;
  }
}

/** Runs every tier forward on the twin, with other plans; `after` is called when one has run, and after each step that was committed by itself. */
export async function forwardOnTwin(
  twin: Clone,
  release: Release,
  by: {
    readonly signal: AbortSignal | undefined;
    readonly after: (tier: TierId, step: number | null) => Promise<void>;
  },
): Promise<readonly Problem[]> {
  const { settings, tiers } = release;
  const { signal } = by;
  return await withReleaseSession(twin.connection, { settings, signal, plans: otherPlans }, async (session) => {
    for (const tier of forwardOrder(tiers)) {
      const { problems } = await runTier(session, {
        tier,
        direction: 'up',
        limits: null,
        before: () => runChecks(session, tier),
        committed: (step) => by.after(tier.id, step),
      });
      if (problems.length > 0)
        return problems.map((one) => ({
          ...one,
          problem: `on the twin, where rows have another order and plans differ: ${one.problem}`,
        }));
      await by.after(tier.id, null);
    }
    return [];
  });
}
