import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProgramSetup } from '../../../src/clone/exec/call-program.io.ts';
import {
  type Clone,
  type CloneHost,
  type DatabaseName,
  findCloneProblems,
  openCloneHost,
} from '../../../src/clone/index.ts';
import { type Instant, instant, now, OneRoofError } from '../../../src/core/index.ts';
import { sql } from '../../../src/database/index.ts';
import { readSetup } from '../../../src/setup/index.ts';
import { runSql, withSession } from '../../database.io.ts';
import { shared } from '../../shared.ts';
import { type Service, withService } from './service.io.ts';

const service = shared<Service>(withService);
const open = (): Promise<CloneHost> => openCloneHost(service().setup, [service().target]);
const request = { purpose: 'p', owner: 'o', hours: 1 };

async function withOpen<T>(use: (host: CloneHost) => Promise<T>): Promise<T> {
  const host = await open();
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

async function codeOf(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'none',
    (error: unknown) => (error instanceof OneRoofError ? error.code : String(error)),
  );
}

const databases = (): Promise<readonly string[]> =>
  withSession(service().copies.connection('postgres'), async (session) =>
    (
      await session.query<{ name: string }>(
        sql`select datname as name from pg_database where datname like 'oneroof-%' order by 1`,
      )
    ).map(({ name }) => name),
  );
const countOf = ({ connection }: Pick<Clone, 'connection'>): Promise<string> =>
  withSession(connection, async (session) => {
    const [row] = await session.query<{ n: string }>(sql`select count(*)::text as n from public.orders`);
    return row?.n ?? '';
  });
const records = (): readonly string[] =>
  readdirSync(service().setup.folder).filter((name) => name.startsWith('exec-clone-'));
const soon = (): Instant => instant(new Date(Date.now() + 2 * 3_600_000));

describe('clones that a program asks a service for', () => {
  it('are made, reset, kept, listed and dropped, and the golden copy is read on a clone of its own', async () => {
    await withOpen(async (host) => {
      expect(await codeOf(host.makeClone(request))).toBe('CLONE_NO_GOLDEN');
      const golden = await host.makeGolden({});
      expect(golden).toMatchObject({ provider: 'exec', proofLevel: 'none', method: 'service', generation: 1 });
      expect(golden.from).toMatchObject({ compared: 0, said: ['made for a test'] });
      const clone = await host.makeClone(request);
      expect([clone.server, clone.network]).toEqual(['shared', 'host']);
      await runSql(clone.connection, ['delete from public.orders where id > 10']);
      expect(await host.readGolden(async (connection) => countOf({ connection }))).toBe('500');
      expect(await countOf(clone)).toBe('10');
      await host.reset(clone.lease.database);
      expect(await countOf(clone)).toBe('500');
      const kept = await host.keep(clone.lease.database, 5);
      expect([kept.kept, kept.expires > soon()]).toEqual([true, true]);
      expect((await host.list()).map(({ database }) => database)).toContain(clone.lease.database);
      expect(host.howToConnect(clone.lease.database)).toMatch(
        /^psql 'host=\/.* port=5432 user=postgres dbname=oneroof-/,
      );
      expect(await host.once('a b', async () => 'read')).toBe('read');
      expect(await host.once('a b', async () => 'again')).toBe('read');
      await host.drop(clone.lease.database);
      expect(await codeOf(host.drop(clone.lease.database))).toBe('CLONE_GONE');
      expect(await codeOf(host.drop('shop' as DatabaseName))).toBe('CLONE_NOT_OURS');
      expect(await codeOf(host.reset('shop' as DatabaseName))).toBe('CLONE_NOT_OURS');
    });
    // the clone for reading went with the command
    expect(await databases()).toHaveLength(1);
    const again = service()
      .asked()
      .filter(({ verb }) => verb === 'clone');
    // keeping a clone longer asks for the same one once more
    expect(new Set(again.map((one) => one.request)).size).toBe(again.length - 1);
  });

  it('are of the newest golden copy, and older ones go once no clone uses them', async () => {
    await withOpen(async (host) => {
      const first = await host.golden();
      const clone = await host.makeClone(request);
      const second = await host.makeGolden({});
      expect(await databases()).toEqual(expect.arrayContaining([first?.database, second.database]));
      await host.drop(clone.lease.database);
      expect(await host.collectGarbage(now())).toEqual([first?.database]);
      expect(await host.golden()).toEqual(second);
    });
    expect(await databases()).toHaveLength(1);
  });

  it.each([
    ['its address', (s: Service) => ({ ...s.production.connection('shop') }), 'shop'],
    ['another database of its server', (s: Service) => ({ ...s.production.connection('postgres') }), 'postgres'],
    [
      'its address under another name',
      (s: Service) => ({ ...s.production.connection('shop'), host: `${s.production.connection('shop').host}/.` }),
      'shop',
    ],
    [
      'another database under another name',
      (s: Service) => ({ ...s.production.connection('postgres'), host: `${s.production.connection('shop').host}/.` }),
      'postgres',
    ],
  ])('are refused before anything is written where the program answers with production: %s', async (_, addressOf) => {
    const { host, port, user, database } = addressOf(service());
    service().misbehave({
      clone: `answer({ id: 'x', connection: ${JSON.stringify({ host, port, user, database })} })`,
    });
    const before = await written();
    await withOpen(async (clones) => {
      const error: unknown = await clones.makeClone(request).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: 'CLONE_IS_PRODUCTION' });
      expect(String((error as Error).message)).toContain('production');
    });
    expect(await written()).toEqual(before);
    // and the program was asked for nothing more: what it would drop is not known
    expect(service().asked().at(-1)?.verb).toBe('clone');
    expect(records()).toHaveLength(1);
    await withOpen((clones) => clones.collectGarbage(soon()));
    expect(records()).toHaveLength(0);
  });

  it('are refused where production cannot be asked, or no target is named', async () => {
    const { setup, target, production } = service();
    const gone = { ...target, observer: { ...target.observer, port: 1 } };
    for (const targets of [[gone], [target, gone], []]) {
      const host = await openCloneHost(setup, targets);
      expect(await codeOf(host.makeClone(request))).toBe('CLONE_NOT_VERIFIED');
      await host.close();
    }
    expect([records(), await databases()]).toEqual([[], [expect.stringContaining('-g-')]]);
    expect(production.data).toBeTruthy();
  });

  it('are refused where the program gives one clone for two, under another id or the same', async () => {
    await withOpen(async (host) => {
      const clone = await host.makeClone(request);
      const where = `{ ...connection('${clone.lease.database}') }`;
      for (const id of ['other', `db:${clone.lease.database}`]) {
        service().misbehave({ clone: `answer({ id: ${JSON.stringify(id)}, connection: ${where} })` });
        expect(await codeOf(host.makeClone(request))).toBe('CLONE_PROGRAM_ANSWER');
      }
      service().misbehave({
        clone: `answer({ id: 'other', connection: { ...${where}, host: connection('').host + '/.' } })`,
      });
      expect(await codeOf(host.makeClone(request))).toBe('CLONE_PROGRAM_ANSWER');
      service().misbehave({ reset: `answer({ id: 'other', connection: ${where} })` });
      expect(await codeOf(host.reset(clone.lease.database))).toBe('CLONE_PROGRAM_ANSWER');
      await host.drop(clone.lease.database);
    });
    expect(records()).toEqual([]);
  });

  it('have lost what acts by itself before anybody works on them', async () => {
    service().misbehave({
      clone: `await run('create database ' + JSON.stringify(asked.name)); await run("create subscription oneroof_own connection 'host=/nowhere' publication p with (connect = false)", [], asked.name); await verbs.clone()`,
    });
    await withOpen(async (host) => {
      const { lease } = await host.makeClone(request);
      await withSession(service().copies.connection('postgres'), async (session) => {
        expect(await session.query(sql`select subname from pg_subscription`)).toEqual([]);
      });
      await host.drop(lease.database);
    });
  });

  it('need a variable that oneroof.yaml names, where the program says that one holds the password', async () => {
    service().misbehave({ clone: `answer({ id: 'x', connection: { ...connection('x'), passwordFrom: 'HIDDEN' } })` });
    expect(await withOpen((host) => codeOf(host.makeClone(request)))).toBe('CLONE_PROGRAM_ANSWER');
  });

  it('are dropped by gc where a program made one and its answer was lost, and only by the mark of their place', async () => {
    // made, and no answer; dropping it fails too
    service().misbehave({
      clone: `await run('create database ' + JSON.stringify(asked.name)); process.exit(7)`,
      drop: `process.exit(8)`,
    });
    expect(await withOpen((host) => codeOf(host.makeClone(request)))).toBe('CLONE_PROGRAM_FAILED');
    const left = (await databases()).filter((name) => name.includes('-c-'));
    expect([left.length, records().length]).toEqual([1, 1]);
    await withOpen(async (host) => {
      expect(await host.collectGarbage(soon())).toEqual(left);
      expect(await host.list()).toEqual([]);
    });
    // without a record, but with our mark; and others: with none, and with that of another place
    const [golden = ''] = await databases();
    const place = golden.slice(0, golden.indexOf('-g-'));
    const { copies, setup } = service();
    for (const name of [`${place}-c-aaaaaaaaaaaa`, `${place}x`, 'oneroof-99999999-c-aaaaaaaaaaaa'])
      await runSql(copies.connection('postgres'), [`create database "${name}"`]);
    service().misbehave({
      list: `const rows = await run("select datname as name from pg_database where datname like 'oneroof%'"); answer({ objects: [...rows.map(({ name }) => ({ kind: 'clone', name, id: 'x' })), { kind: 'clone', name: 'shop', id: 'y' }] })`,
    });
    expect(await withOpen((host) => host.collectGarbage(now()))).toEqual([`${place}-c-aaaaaaaaaaaa`]);
    expect(await databases()).toEqual(expect.arrayContaining([golden, `${place}x`, 'oneroof-99999999-c-aaaaaaaaaaaa']));
    for (const name of [`${place}x`, 'oneroof-99999999-c-aaaaaaaaaaaa'])
      await runSql(copies.connection('postgres'), [`drop database "${name}"`]);
    expect(readFileSync(join(setup.folder, 'exec-place'), 'utf8')).toBe(place);
  });

  it('are forgotten where the service dropped them by itself', async () => {
    await withOpen(async (host) => {
      const { lease } = await host.makeClone(request);
      await runSql(service().copies.connection('postgres'), [`drop database "${lease.database}" with (force)`]);
      expect(await host.list()).toEqual([]);
      await host.collectGarbage(now());
    });
    expect(records()).toEqual([]);
  });

  it('name the record that was damaged', async () => {
    const file = join(service().setup.folder, 'exec-clone-aaaaaaaaaaaa.json');
    for (const text of ['{', '{"version":1}', '[]']) {
      writeFileSync(file, text);
      expect(await withOpen((host) => codeOf(host.collectGarbage(now())))).toBe('FILE_UNREADABLE');
    }
    rmSync(file);
  });

  it('are checked by doctor: the program, its variables, and whether a clone could be told from each target', async () => {
    const { setup, target, folder } = service();
    expect(await findCloneProblems(setup, [target])).toEqual([]);
    const texts = async (given: Partial<ProgramSetup>, targets = [target]): Promise<string> =>
      (await findCloneProblems({ ...setup, ...given }, targets)).map(({ text }) => text).join();
    expect(await texts({ command: [join(folder, 'none')] })).toContain('cannot be started: there is no such program');
    expect(await texts({ command: ['false'] })).toContain('false probe failed with exit status 1');
    expect(await texts({}, [{ ...target, observer: { ...target.observer, port: 1 } }])).toContain('cannot be asked');
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      `targets: { p: { url: 'postgres://h/d' } }\nclone: { provider: exec, command: [./p.mjs], env: [ONEROOF_TEST_KEY] }\n`,
    );
    const { clone } = await readSetup(folder, {});
    expect(clone).toMatchObject({ command: [join(folder, 'p.mjs')], startIn: folder });
    expect(await findCloneProblems(clone as ProgramSetup, [target])).toEqual([
      { text: expect.stringContaining('ONEROOF_TEST_KEY, which is not set'), fix: expect.stringContaining('export') },
    ]);
    const held = await readSetup(folder, { ONEROOF_TEST_KEY: 'hidden' });
    expect(JSON.stringify([held.clone, [...(held.clone as ProgramSetup).variables]])).not.toContain('hidden');
  });
});

/** What tells whether anything was written on production: its WAL, but for what the server writes by itself, and its objects. */
async function written(): Promise<unknown> {
  return withSession(service().production.connection('shop'), (session) =>
    session.query(sql`
      select (select string_agg(oid::text, ',' order by oid) from pg_database) as databases, (select count(*)::text from pg_class) as relations,
        (select string_agg(i::text, ',' order by id) from (select id, ctid::text || xmin::text as i from public.orders) o) as rows,
        (select pg_current_xact_id_if_assigned()::text) as own, pg_snapshot_xmax(pg_current_snapshot())::text as next`),
  );
}
