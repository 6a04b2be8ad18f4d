import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { type Execution, execute, type RolloutRun } from '../../src/rollout/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { requireDirect } from '../../src/rollout/preflight.io.ts';
import { newest } from '../database.io.ts';
import { type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { run, type Standing, standing } from './standing.io.ts';

/** A wire that can be cut: it stands between the executor and the server's socket. */
interface Wire {
  readonly folder: string;
  /** The next words of the executor reach the server, and its answer nobody. */
  cutAfterNext(): void;
  /** The next words of the executor reach nobody. */
  cutBeforeNext(): void;
  /** Takes no connection any more. */
  refuse(): void;
  close(): Promise<void>;
}

async function wireTo(socket: string): Promise<Wire> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-wire-'));
  const open = new Set<Socket>();
  let armed: 'no' | 'before' | 'after' = 'no';
  let isRefusing = false;
  const server = createServer((client) => {
    if (isRefusing) return void client.destroy();
    const upstream = createConnection(socket);
    for (const one of [client, upstream]) {
      open.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => open.delete(one));
    }
    let isCut = false;
    client.on('data', (words) => {
      if (armed === 'before') {
        armed = 'no';
        return void client.destroy();
      }
      upstream.write(words);
      if (armed === 'no') return;
      armed = 'no';
      isCut = true;
      // the server has the words; the executor hears nothing
      setTimeout(() => client.destroy(), 200);
    });
    upstream.on('data', (words) => {
      if (!isCut) client.write(words);
    });
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));
  return {
    folder,
    cutAfterNext: () => {
      armed = 'after';
    },
    cutBeforeNext: () => {
      armed = 'before';
    },
    refuse: () => {
      isRefusing = true;
    },
    close: async () => {
      for (const one of open) one.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Takes a part out of a text that must hold it. */
function replaced(text: string, what: RegExp, by: string): string {
  expect(text).toMatch(what);
  return text.replace(what, by);
}

const patience = { attempts: 2, budget: 1500, firstPause: 20 };

/** Rolls out over a wire; `at` is told each event. */
async function over(
  ground: RolloutFixture,
  at: (event: Parameters<NonNullable<RolloutRun['onProgress']>>[0], wire: Wire) => void,
  more: Partial<RolloutRun> = {},
) {
  const wire = await wireTo(join(ground.connection.host, '.s.PGSQL.5432'));
  const phases: string[] = [];
  try {
    const result = await execute({
      sealed: ground.sealed,
      statement: more.statement ?? (await ground.submit()),
      direction: more.direction ?? 'up',
      through: null,
      target: { name: 'test', executor: { ...ground.connection, host: wire.folder } },
      patience,
      lease: 2000,
      record: async ({ tier, phase }) => void phases.push(`${tier} ${phase}`),
      onProgress: (event) => at(event, wire),
    });
    return { result, phases };
  } finally {
    await wire.close();
  }
}

it.each(newest)(
  'a COMMIT on PostgreSQL %s whose answer is lost is applied, because its marker is there; one that never arrived is not',
  (version) =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      for (const direction of ['up', 'down'] as const) {
        const first = direction === 'up' ? '1-first' : '3-last';
        let cuts = 0;
        const cut = (way: 'cutBeforeNext' | 'cutAfterNext') =>
          over(
            ground,
            ({ at, tier }, wire) => {
              if (at !== 'commit' || tier !== first || cuts > 0) return;
              cuts += 1;
              wire[way]();
            },
            { statement, direction },
          );
        await expect(cut('cutBeforeNext')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
        cuts = 0;
        const { result, phases } = await cut('cutAfterNext');
        expect(cuts).toBe(1);
        expect(result).toMatchObject({ result: 'done' });
        expect(phases.filter((phase) => phase === `${first} applied`)).toHaveLength(1);
      }
      const { told } = await standing(ground, statement);
      expect(told).toEqual(['1 down', '1 up', '2 down', '2 up', '3 down', '3 up']);
    }),
);

/** A COMMIT of a tier that takes a second, as one that waits for a standby: in the gate's look, because nothing of the application's runs then. */
const slowCommit = (text: string): string =>
  replaced(
    text,
    /perform gate\.assert_unharmed\(new\.statement, new\.direction, new\.tier\);/,
    `$& if new.tier = '1-first' then perform pg_sleep(1); end if;`,
  );

it('the outcome is read once the old server process is gone: a marker that is absent before may still come', () =>
  withRolloutFixture(
    '18',
    async (ground) => {
      const statement = await ground.submit();
      let early: Promise<Standing> | null = null;
      const { result, phases } = await over(
        ground,
        ({ at }, wire) => {
          if (at !== 'commit' || early !== null) return;
          wire.cutAfterNext();
          // when the executor has lost its connection already; whoever judged now would say that nothing was applied
          early = wait(400).then(() => standing(ground, statement));
        },
        { statement },
      );
      expect(await early).toMatchObject({ markers: [], told: [] });
      expect(phases.slice(0, 2)).toEqual(['1-first intent', '1-first applied']);
      expect(result).toMatchObject({ result: 'done' });
      expect((await standing(ground, statement)).told).toEqual(['1 up', '2 up', '3 up']);
    },
    { change: slowCommit },
  ));

it('without the marker, and without the look at COMMIT, an outcome is misjudged; with the look, nothing is committed', async () => {
  const noMarker = (text: string): string => replaced(text, /insert into gate\.markers [^;]*;/, '');
  const noLook = (text: string): string =>
    replaced(
      text,
      /constraint trigger whole_tiers after insert or update/,
      'constraint trigger whole_tiers after delete',
    );
  const lost = async (ground: RolloutFixture, statement: StatementDigest) =>
    over(
      ground,
      ({ at, tier }, wire) => {
        if (at === 'commit' && tier === '1-first') wire.cutAfterNext();
      },
      { statement },
    );
  await withRolloutFixture(
    '18',
    async (ground) => {
      const statement = await ground.submit();
      // the executor says that the tier was not applied; the tier itself has told otherwise
      await expect(lost(ground, statement)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      expect((await standing(ground, statement)).told).toEqual(['1 up']);
      // nor does it go on: half a tier that is one transaction is a contradiction
      await expect(run(ground, statement, 'up')).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' });
    },
    { change: (text) => noLook(noMarker(text)) },
  );
  await withRolloutFixture(
    '18',
    async (ground) => {
      const statement = await ground.submit();
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'held', tiers: [] });
      expect((await standing(ground, statement)).told).toEqual([]);
    },
    { change: noMarker },
  );
});

it('nothing is begun before its intent is kept, and what was committed is not done again where its record failed', () =>
  withRolloutFixture('18', async (ground) => {
    const statement = await ground.submit();
    const before = await standing(ground, statement);
    const failing = (phase: Execution['phase']) => async (line: Execution) => {
      if (line.phase === phase) throw new Error('the disk is full');
    };
    await expect(run(ground, statement, 'up', { record: failing('intent') })).rejects.toThrow('the disk is full');
    expect(await standing(ground, statement)).toEqual(before);
    await expect(run(ground, statement, 'up', { record: failing('applied') })).rejects.toThrow('the disk is full');
    expect((await standing(ground, statement)).told).toEqual(['1 up']);
    await run(ground, statement, 'up');
    expect((await standing(ground, statement)).told).toEqual(['1 up', '2 up', '3 up']);
  }));

it('a COMMIT whose answer is lost halts where the server cannot be asked: nothing is retried, nobody marks it done', () =>
  withRolloutFixture('18', async (ground) => {
    const lost = over(ground, ({ at, tier }, wire) => {
      if (at !== 'commit' || tier !== '1-first') return;
      wire.cutAfterNext();
      wire.refuse();
    });
    await expect(lost).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' });
  }));

it('an attempt that a newer one has fenced off waits for it, and gives up while that one is at work', () =>
  withRolloutFixture('18', async (ground) => {
    const newer: Session[] = [];
    let raised: Promise<unknown> = Promise.resolve();
    const fenced = over(ground, ({ at }) => {
      if (at !== 'attempt' || newer.length > 0) return;
      raised = (async () => {
        const session = await openSession(ground.connection, { applicationName: 'newer' });
        newer.push(session);
        await ground.session.query(
          sql`update gate.fence set epoch = 999999, pid = ${session.pid}::integer, taken_at = clock_timestamp()`,
        );
      })();
    });
    await expect(fenced).rejects.toMatchObject({ code: 'ROLLOUT_FENCED' });
    await raised;
    for (const session of newer) await session.close();
  }));

it('a session that shares server processes is refused: ROLLOUT_NOT_DIRECT', () =>
  withRolloutFixture('18', async (ground) => {
    const sessions = await Promise.all(
      [1, 2].map(() => openSession(ground.connection, { applicationName: 'oneroof preflight' })),
    );
    const [one, two] = sessions as [Session, Session];
    let turn = 0;
    // what a pooling proxy does: each transaction may be served by another process
    const shared: Session = {
      ...one,
      query: (statement) => {
        if (/^\s*begin/.test(statement.text)) turn += 1;
        return (turn % 2 === 0 ? one : two).query(statement);
      },
    };
    await expect(requireDirect(shared)).rejects.toMatchObject({ code: 'ROLLOUT_NOT_DIRECT' });
    await requireDirect(one);
    for (const session of sessions) await session.close();
  }));
