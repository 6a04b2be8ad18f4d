import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { openFolderStore, openPostgresStore } from '../../src/evidence/index.ts';
import { newest, runSql, withDatabase } from '../database.io.ts';
import { at, inFolder, recording, seal } from './places.io.ts';

/** Each thing that an append does to the world fails in two ways: it is refused, and it is done while the answer is lost. */
test('in a folder: what is refused records nothing, whichever file it is, and the next append goes on', () =>
  inFolder(async ({ where, open }) => {
    const root = 'folder' in where ? where.folder : '';
    await open().append(recording(0), at);
    const before = readFileSync(join(root, 'log.jsonl'), 'utf8');
    // something else has the name of the file that would be written
    for (const [name, code] of [
      ['checkpoint.next', 'EVIDENCE_UNWRITABLE'],
      ['log.lock', 'EVIDENCE_UNWRITABLE'],
    ] as const) {
      mkdirSync(join(root, name, 'x'), { recursive: true });
      utimesSync(join(root, name), 0, 0);
      await expect(open().append(recording(1), at)).rejects.toMatchObject({ code });
      rmSync(join(root, name), { recursive: true });
      expect(readFileSync(join(root, 'log.jsonl'), 'utf8')).toBe(before);
      expect(await open().entries()).toHaveLength(1);
    }
    expect((await open().append(recording(1), at)).index).toBe(1);
  }));

test('in a folder: what is no file, or cannot be read, is EVIDENCE_UNREADABLE, for readers and for an append', () =>
  inFolder(async ({ where, open }) => {
    const root = 'folder' in where ? where.folder : '';
    const store = open();
    const entry = await store.append(recording(0), at);
    for (const name of ['checkpoint', 'log.jsonl']) {
      const kept = readFileSync(join(root, name));
      rmSync(join(root, name));
      mkdirSync(join(root, name));
      const code = 'EVIDENCE_UNREADABLE';
      for (const work of [
        () => store.entries(),
        () => store.log(),
        () => store.of(seal),
        () => store.append(recording(1), at),
      ])
        await expect(work()).rejects.toMatchObject({ code });
      await expect(open().append(recording(1), at)).rejects.toMatchObject({ code });
      rmSync(join(root, name), { recursive: true });
      writeFileSync(join(root, name), kept);
    }
    expect(await store.entries()).toHaveLength(1);
    // a folder that is a file
    await expect(openFolderStore(join(root, 'checkpoint')).entries()).rejects.toMatchObject({
      code: 'EVIDENCE_UNREADABLE',
    });
    // of one piece it is a reason
    rmSync(store.locate(entry));
    mkdirSync(store.locate(entry));
    expect(await store.of(seal)).toMatchObject([
      { readable: false, reason: expect.stringContaining('it is a folder') as string },
    ]);
  }));

test('in a folder: an append of which a crash left the line but not the checkpoint is recorded, by a quick append too', () =>
  inFolder(async ({ where, open, read }) => {
    const root = 'folder' in where ? where.folder : '';
    const checkpoint = join(root, 'checkpoint');
    for (const n of [0, 1]) await open().append(recording(n), at);
    const { checkpoint: two } = await read();
    await open().append(recording(2), at);
    writeFileSync(`${checkpoint}.next`, readFileSync(checkpoint));
    writeFileSync(checkpoint, two);
    expect((await open().append(recording(3), at)).index).toBe(3);
    expect(await open().entries()).toHaveLength(4);
    // a checkpoint.next whose line was never written changes nothing
    writeFileSync(`${checkpoint}.next`, two);
    expect((await open().append(recording(4), at)).index).toBe(4);
    expect(await open().entries()).toHaveLength(5);
  }));

test.each(newest)('in PostgreSQL %s: what is refused, also only at COMMIT, records nothing', (version) =>
  withStore(version, async ({ connection, open }) => {
    await open().append(recording(0), at);
    await runSql(connection, [
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$`,
    ]);
    for (const trigger of [
      'create trigger t before insert on oneroof_evidence.lines execute function refuse()',
      'create trigger t before update on oneroof_evidence.head execute function refuse()',
      'create constraint trigger t after insert on oneroof_evidence.lines deferrable initially deferred for each row execute function refuse()',
    ]) {
      await runSql(connection, [trigger]);
      await expect(open().append(recording(1), at)).rejects.toMatchObject({ code: 'EVIDENCE_UNWRITABLE' });
      await runSql(connection, [`drop trigger t on oneroof_evidence.${trigger.includes('head') ? 'head' : 'lines'}`]);
      expect(await open().entries()).toHaveLength(1);
    }
    // a head that does not move: compared and swapped, or nothing
    await runSql(connection, [
      'create function stay() returns trigger language plpgsql as $$ begin return null; end $$',
      'create trigger t before update on oneroof_evidence.head for each row execute function stay()',
    ]);
    await expect(open().append(recording(1), at)).rejects.toMatchObject({ code: 'EVIDENCE_CHECKPOINT_BROKEN' });
    await runSql(connection, ['drop trigger t on oneroof_evidence.head']);
    expect(await open().entries()).toHaveLength(1);
    // the row by whose lock appends come one after the other
    await runSql(connection, ['create table kept as table oneroof_evidence.head', 'delete from oneroof_evidence.head']);
    await expect(open().append(recording(1), at)).rejects.toMatchObject({ code: 'EVIDENCE_CHECKPOINT_BROKEN' });
    await runSql(connection, ['insert into oneroof_evidence.head select * from kept']);
    expect((await open().append(recording(1), at)).index).toBe(1);
    // who may not read hears so
    await runSql(connection, ['create role nobody_reads login', 'create schema x']).catch(() => null);
    await expect(open({ ...connection, user: 'nobody_reads' }).entries()).rejects.toMatchObject({
      code: 'EVIDENCE_UNREADABLE',
    });
  }),
);

test.each(newest)(
  'in PostgreSQL %s: where the answer to COMMIT is lost, the database says whether it was done',
  (version) =>
    withStore(version, async ({ connection, open }) => {
      const entry = await open().append(recording(0), at);
      for (const [cut, isDone] of [
        ['after', true],
        ['before', false],
      ] as const) {
        const wire = await wireThatCutsCommit(connection, cut);
        const before = (await open().entries()).length;
        const appended = open(wire.connection).append(recording(1), at);
        if (isDone) expect(await appended).toMatchObject({ index: before });
        else await expect(appended).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
        expect(wire.cuts()).toBe(1);
        expect(await open().entries()).toHaveLength(before + (isDone ? 1 : 0));
        await wire.close();
      }
      expect(entry.index).toBe(0);
    }),
);

async function withStore(
  version: (typeof newest)[number],
  use: (of: {
    readonly connection: Connection;
    readonly open: (to?: Connection) => ReturnType<typeof openPostgresStore>;
  }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  try {
    await withDatabase(version, (connection) =>
      use({ connection, open: (to = connection) => openPostgresStore(to, { keyFile: join(folder, 'key') }) }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A wire to a server that is cut once, before the server gets the word COMMIT or before its answer comes back. */
async function wireThatCutsCommit(connection: Connection, cut: 'before' | 'after') {
  const folder = mkdtempSync(join(tmpdir(), 'wire-'));
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = createConnection(join(connection.host, `.s.PGSQL.${connection.port}`));
    for (const one of [client, upstream]) one.on('error', () => one.destroy());
    let isCut = false;
    client.on('data', (words) => {
      isCut = cuts === 0 && words.includes('\0commit\0');
      if (isCut) cuts += 1;
      if (!isCut || cut === 'after') upstream.write(words);
      if (isCut) setTimeout(() => client.destroy(), 200);
    });
    upstream.on('data', (words) => isCut || client.write(words));
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));
  return {
    connection: { ...connection, host: folder, port: 5432 },
    cuts: () => cuts,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
