import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, openSession, type Session, sql } from '../../src/database/index.ts';
import { applyGate, planLoopback } from '../../src/gate/index.ts';
import { execute, type RolloutRun } from '../../src/rollout/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Version } from '../binaries.io.ts';
import { withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { type LoopbackServer } from '../gate/loopback.io.ts';

/** The files of a release with one tier outside of a transaction. */
export function outsideFiles(up: string, down: string, more = ''): Readonly<Record<string, string>> {
  return {
    'release.yaml': `format: 1
name: concurrent
title: Concurrent
database: shop
touches: [public.big]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: 300ms, statementTimeout: 1min }
tiers:
  - { id: 1-index, title: Index, transaction: outside, wait: 10s${more} }
`,
    'tiers/1-index/up.sql': up,
    'tiers/1-index/down.sql': down,
  };
}

/** A database whose gate can reach it, with a table, and a ratified release. */
export interface OutsideGround {
  readonly gated: Gated;
  readonly statement: StatementDigest;
  readonly admin: Session;
  run(direction: 'up' | 'down', more?: Partial<RolloutRun>): ReturnType<typeof execute>;
}

export async function withOutside(
  of: {
    readonly version: Version;
    readonly at: Pick<LoopbackServer, 'connection'>;
    readonly installer?: string | null;
  },
  plan: GatedPlan & { readonly files: Readonly<Record<string, string>> },
  use: (ground: OutsideGround) => Promise<void>,
): Promise<void> {
  const { version, at, installer = null } = of;
  const application = [
    'create table big (id bigint primary key, v text)',
    "insert into big select i, 'x' || i from generate_series(1, 5000) i",
    ...(plan.application ?? []),
  ];
  await withGate(
    version,
    { ...plan, application, owned: { server: at.connection('postgres'), installer } },
    async (gated) => {
      const install = installer === null ? gated.database : { ...gated.database, user: installer };
      await withSession(install, async (session) => applyGate(session, await planLoopback(session, null)));
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const executor: Connection = { ...gated.database, user: 'oneroof_executor' };
      const admin = await openSession(gated.database, { applicationName: 'test' });
      try {
        await use({
          gated,
          statement,
          admin,
          run: (direction, more = {}) =>
            execute({
              sealed: gated.sealed,
              statement,
              direction,
              through: null,
              target: { name: 'test', executor },
              record: async () => undefined,
              ...more,
            }),
        });
      } finally {
        await admin.close();
      }
    },
  );
}

/** What there is of the index of these releases. */
export async function indexIn({ admin }: Pick<OutsideGround, 'admin'>): Promise<'absent' | 'invalid' | 'valid'> {
  const [row] = await admin.query<{ valid: string }>(
    sql`select indisvalid::text as valid from pg_index where indexrelid = to_regclass('public.big_v')`,
  );
  return row === undefined ? 'absent' : row.valid === 'true' ? 'valid' : 'invalid';
}

/** Asks until there is an answer. */
export async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  for (let left = 600; left > 0; left -= 1) {
    const found = await ask();
    if (found !== null) return found;
    await wait(50);
  }
  throw new Error('it did not come');
}
