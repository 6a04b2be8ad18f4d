import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { execute, type Run } from '../../src/rollout/index.ts';
import { requireDirect } from '../../src/rollout/preflight.io.ts';
import { versions } from '../database.io.ts';
import { type Ground, withGround } from './ground.io.ts';

/** A wire that can be cut: it stands between the executor and the server's socket. */
interface Wire {
  readonly folder: string;
  /** The next words of the executor reach the server, and its answer nobody. */
  cutAfterNext(): void;
  /** Takes no connection any more. */
  refuse(): void;
  close(): Promise<void>;
}

async function wireTo(socket: string): Promise<Wire> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-wire-'));
  const open = new Set<Socket>();
  let isArmed = false;
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
      upstream.write(words);
      if (!isArmed) return;
      isArmed = false;
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
      isArmed = true;
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

const patience = { attempts: 2, budget: 1500, firstPause: 20 };

/** Rolls out over a wire; `at` is told each event. */
async function over(ground: Ground, at: (event: Parameters<NonNullable<Run['onProgress']>>[0], wire: Wire) => void) {
  const wire = await wireTo(join(ground.connection.host, '.s.PGSQL.5432'));
  const phases: string[] = [];
  try {
    const result = await execute({
      sealed: ground.sealed,
      statement: await ground.submit(),
      direction: 'up',
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

it.each(versions)('a COMMIT on PostgreSQL %s whose answer is lost is applied, because its marker is there', (version) =>
  withGround(version, async (ground) => {
    let cuts = 0;
    const { result, phases } = await over(ground, ({ at, tier }, wire) => {
      if (at !== 'commit' || tier !== '1-first' || cuts > 0) return;
      cuts += 1;
      wire.cutAfterNext();
    });
    expect(cuts).toBe(1);
    expect(result).toMatchObject({ result: 'done' });
    expect(phases.filter((phase) => phase === '1-first applied')).toHaveLength(1);
  }),
);

it('a COMMIT whose answer is lost halts where the server cannot be asked: nothing is retried, nobody marks it done', () =>
  withGround('18', async (ground) => {
    const lost = over(ground, ({ at, tier }, wire) => {
      if (at !== 'commit' || tier !== '1-first') return;
      wire.cutAfterNext();
      wire.refuse();
    });
    await expect(lost).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' });
  }));

it('an attempt that a newer one has fenced off waits for it, and gives up while that one is at work', () =>
  withGround('18', async (ground) => {
    const newer: Session[] = [];
    let raised: Promise<unknown> = Promise.resolve();
    const fenced = over(ground, ({ at }) => {
      if (at !== 'attempt' || newer.length > 0) return;
      raised = (async () => {
        const session = await openSession(ground.connection, { applicationName: 'oneroof attempt 999999' });
        newer.push(session);
        await ground.session.query(sql`update gate.fence set epoch = 999999`);
      })();
    });
    await expect(fenced).rejects.toMatchObject({ code: 'ROLLOUT_FENCED' });
    await raised;
    for (const session of newer) await session.close();
  }));

it('a session that shares server processes is refused: ROLLOUT_NOT_DIRECT', () =>
  withGround('18', async (ground) => {
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
