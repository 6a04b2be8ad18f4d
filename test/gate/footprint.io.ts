import { type Digest } from '../../src/core/index.ts';
import { randomBytes } from 'node:crypto';
import {
  type Connection,
  id,
  openSession,
  searchPathOf,
  type Session,
  type Sql,
  sql,
} from '../../src/database/index.ts';
import {
  type Acceptance,
  type Footprint,
  footprintDigest,
  type FootprintPoint,
  lookAt,
  statesSince,
} from '../../src/fingerprint/index.ts';
import { submitFootprint, submitTarget } from '../../src/gate/index.ts';
import { batchOf, type Direction, ownSettings, type SealedRelease } from '../../src/release/index.ts';

/** What tests signed of the schema, by digest: a relay has it from the rehearsal. */
const known = new Map<string, Footprint | Acceptance>();

/** Notes a footprint, or what is accepted; answers its digest, as a descriptor names it. */
export function note(footprint: Footprint | Acceptance): Digest {
  const digest = footprintDigest(footprint);
  known.set(digest, footprint);
  return digest;
}

/** Hands in a target's descriptor, and before it the footprint that it names, where a test noted one. */
export async function submitTargetOf(session: Session, of: Parameters<typeof submitTarget>[1]): Promise<void> {
  const footprint = known.get(of.descriptor.schema);
  if (footprint !== undefined) await submitFootprint(session, footprint);
  await submitTarget(session, of);
}

/**
 * What a rehearsal would say: runs a release forward and back in one transaction that is rolled back, and looks after each step, so that tests
 * may forge a tier that commits each; or only where the release commits there, as a rehearsal does. Everything of the application belongs to
 * this footprint. A step that fails ends its direction: what comes after it was not rehearsed.
 */
export async function rehearseIn(
  database: Connection,
  sealed: Pick<SealedRelease, 'release'>,
  more: Partial<Footprint['anchors']> = {},
  looks: 'each-step' | 'as-rehearsed' = 'each-step',
): Promise<Footprint> {
  const isOutside = sealed.release.tiers.some(({ transaction }) => transaction === 'outside');
  if (!isOutside) return await rehearseThere(database, sealed, { more, looks, commits: false });
  // what cannot run in a transaction runs in a copy, once: later someone else may be connected
  const known = rehearsed.get(database.database);
  if (known !== undefined) return known;
  const copy = { ...database, database: `copy_${randomBytes(6).toString('hex')}` };
  const admin = await openSession({ ...database, database: 'postgres' }, { applicationName: 'test' });
  try {
    await admin.query(sql`create database ${id(copy.database)} template ${id(database.database)}`);
    const footprint = await rehearseThere(copy, sealed, { more, looks });
    rehearsed.set(database.database, footprint);
    return footprint;
  } finally {
    await admin.query(sql`drop database if exists ${id(copy.database)} with (force)`).finally(() => admin.close());
  }
}

/** What was rehearsed outside of transactions, by database: its releases have the same tiers there. */
const rehearsed = new Map<string, Footprint>();

/** The same, where the database is a copy for this alone: everything is committed. */
export async function rehearseThere(
  database: Connection,
  { release }: Pick<SealedRelease, 'release'>,
  of: {
    readonly more?: Partial<Footprint['anchors']>;
    readonly looks?: 'each-step' | 'as-rehearsed';
    readonly commits?: boolean;
  } = {},
): Promise<Footprint> {
  const { more = {}, looks = 'each-step', commits = true } = of;
  const unless = async (statement: Sql): Promise<void> => {
    if (!commits) await session.query(statement);
  };
  const session = await openSession(database, { applicationName: 'test' });
  try {
    const [found] = await session.query<{ anchors: string; whole: Digest }>(sql`
      select json_build_object('owner', (select app_owner from gate.identity), 'names', '[]'::json,
        'schemas', (select json_agg(nspname order by nspname) from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'gate')),
        'relationNames', '[]'::json,
        'relations', (select coalesce(json_agg(json_build_array(n.nspname, c.relname) order by 1, 2), '[]') from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')))::text as anchors,
        gate.schema_digest() as whole`);
    const words = release.tiers.flatMap(({ up, down }) =>
      [...up, ...down].flatMap((step) => step.sql.match(/\w+/g) ?? []),
    );
    const named = [...new Set(words.map((word) => word.toLowerCase()))].toSorted();
    const anchors = {
      ...(JSON.parse(found?.anchors ?? '{}') as Footprint['anchors']),
      relationNames: named,
      names: named,
      ...more,
    };
    const own = Object.entries(ownSettings(release.settings));
    const settings = [['search_path', searchPathOf(release.settings.searchPath)] as const, ...own];
    await unless(sql`begin`);
    const before = await lookAt(session, anchors);
    const points: { readonly at: FootprintPoint; readonly objects: Readonly<Record<string, string>> }[] = [];
    const look = async (direction: Direction, tier: string, step: number | null): Promise<void> => {
      await session.query(sql`reset role`);
      points.push({ at: { direction, tier, step }, objects: await lookAt(session, anchors) });
    };
    const run = async (direction: Direction, tier: (typeof release.tiers)[number]): Promise<boolean> => {
      for (const [at, step] of tier[direction].entries()) {
        await unless(sql`savepoint step`);
        try {
          await session.query(sql`select set_config('role', ${anchors.owner}, ${!commits})`);
          for (const [name, value] of settings)
            await session.query(sql`select set_config(${name}, ${value}, ${!commits})`);
          // a batch of no rows has the schema of any other
          await session.run(step.sql, batchOf(tier, direction, at + 1) === null ? [] : [null, null]);
        } catch {
          await unless(sql`rollback to savepoint step`);
          return false;
        }
        if (looks === 'each-step' || tier.transaction !== 'single') await look(direction, tier.id, at + 1);
      }
      await look(direction, tier.id, null);
      return true;
    };
    const tiers = release.tiers.filter(({ barred }) => barred === null);
    const done = [];
    for (const tier of tiers)
      if (!(await run('up', tier))) break;
      else done.push(tier);
    for (const tier of done.toReversed()) if (!(await run('down', tier))) break;
    await unless(sql`rollback`);
    return {
      format: 1,
      anchors,
      before,
      after: statesSince(before, points),
      varies: [],
      whole: found?.whole as Digest,
    };
  } finally {
    await session.close();
  }
}
