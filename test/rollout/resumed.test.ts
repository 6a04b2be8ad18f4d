import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openSession, sql } from '../../src/database/index.ts';
import { ofKind } from '../../src/evidence/index.ts';
import { awaitAttempt, type Execution, transactionsOf } from '../../src/rollout/index.ts';
import { type Command, told, withCommand } from './command.io.ts';
import { files as threeTiers } from './fixture.io.ts';

const everything = '1 up 2 up 3 up';
const undone = '1 down 1 up 2 down 2 up 3 down 3 up';

async function recordOf({ store, sealed }: Command): Promise<readonly Execution[]> {
  return ofKind(await store.of(sealed.seal), 'execution').flatMap((piece) => (piece.readable ? [piece.body] : []));
}

/** Takes the evidence away, and gives it back. */
const away = ({ home }: Command) => {
  const [place, other] = [join(home, '.oneroof', 'evidence'), join(home, '.oneroof', 'away')];
  return {
    take: (): void => {
      renameSync(place, other);
      writeFileSync(place, 'no folder');
    },
    giveBack: (): void => {
      rmSync(place);
      renameSync(other, place);
    },
  };
};

/** The word of an attempt at which the first tier is committed. */
const firstCommit = { word: 6, moment: 'before' } as const;
/** The word at which the first step of the second tier is. */
const halfWayUp = { word: 10, moment: 'answered', by: 'kill' } as const;

it('a tier that runs step by step, behind another one, is gone on with or back from its half', () =>
  withCommand('18', async (command) => {
    const { run } = command;
    await command.ratify();
    expect((await run(['rollout', 'release'], halfWayUp)).signal).toBe('SIGKILL');
    for (const verb of ['rollout', 'rollback']) {
      const dry = await run([verb, 'release', '--dry-run']);
      expect(dry.status, dry.stdout).toBe(0);
      expect(dry.stdout).toContain('2-each');
    }
    const runbook = (await run(['runbook', 'release'])).stdout;
    expect(runbook).toContain('Half way: 2-each up, 1 of 2 statements are committed.');
    expect((await run(['rollout', 'release'])).status).toBe(0);
    expect(await told(command)).toBe(everything);
    // on the way down the third tier was left before: its marker is the last one
    expect((await run(['rollback', 'release'], halfWayUp)).signal).toBe('SIGKILL');
    expect((await run(['rollback', 'release', '--dry-run'])).stdout).not.toContain('BLOCKED');
    expect((await run(['rollback', 'release'])).status).toBe(0);
    expect(await told(command)).toBe(undone);
  }));

it('a rollback beside a rollout that has committed nothing yet says whose it is, waits for its end, and undoes it', () =>
  withCommand('18', async (command) => {
    const { run, start, session } = command;
    await command.ratify();
    await session.run('begin');
    await session.run('lock table public.told');
    const rollout = start(['rollout', 'release']);
    for (const until = Date.now() + 20_000; Date.now() < until; await wait(50)) {
      const rows = await session.query(sql`select from gate.fence where epoch > 0`);
      if (rows.length > 0) break;
    }
    const dry = await run(['rollback', 'release', '--dry-run']);
    expect(dry.status).toBe(1);
    expect(dry.stdout).toMatch(/BLOCKED +another attempt is at work: session \d+ \("oneroof attempt"\) .* since 20/);
    const rollback = start(['rollback', 'release']);
    // on a slow machine a command takes some time before it looks
    await wait(8000);
    await session.run('rollback');
    expect((await rollout.ended).status).toBe(0);
    const { status, stdout, stderr } = await rollback.ended;
    expect(stderr).toMatch(/another attempt is at work: session \d+ /);
    expect(status, stderr).toBe(0);
    expect(stdout).not.toContain('nothing to do');
    expect(await told(command)).toBe(undone);
  }));

it('a command that waits for another attempt ends with ROLLOUT_FENCED where that one goes on', () =>
  withCommand('18', async (command) => {
    const statement = await command.ratify();
    const executor = { ...command.database, user: 'oneroof_executor' };
    const other = await openSession(executor, { applicationName: 'oneroof attempt', timeouts: "server's" });
    try {
      await other.query(sql`select gate.begin_attempt(${statement}, 'up')`);
      const { settings } = command.sealed.release;
      await expect(awaitAttempt({ executor, settings, patience: 300 })).rejects.toMatchObject({
        code: 'ROLLOUT_FENCED',
        problems: [{ problem: expect.stringContaining(`session ${other.pid} ("oneroof attempt")`) as string }],
      });
    } finally {
      await other.close();
    }
  }));

it('evidence that goes away after COMMIT: the tier is applied, which record is missing, and what completes it', () =>
  withCommand('18', async (command) => {
    const { run } = command;
    await command.ratify();
    const evidence = away(command);
    await run(['rollout', 'release'], { word: 0, moment: 'before', by: 'kill' });
    const lost = await run(['rollout', 'release'], { ...firstCommit, by: evidence.take });
    expect(lost.status).toBe(4);
    expect(lost.stderr).toContain('[RECORD_MISSING]');
    expect(lost.stderr).toContain('tier 1-first up, steps 1 to 2 IS APPLIED in production');
    expect(lost.stderr).toContain('"applied" of the rollout of tier 1-first, steps 1 to 2');
    expect(lost.stderr).toMatch(/then run: oneroof rollout release/);
    expect(await told(command)).toBe('1 up');
    // nothing goes on without evidence, but a rollback does
    expect((await run(['rollout', 'release'])).stderr).toMatch(/\[EVIDENCE_/);
    const back = await run(['rollback', 'release']);
    expect(back.status, back.stderr).toBe(0);
    expect(back.stderr).toContain('the evidence cannot be read');
    expect(back.stderr).toMatch(/the evidence lacks 2 lines of this run; they are in .*unrecorded/);
    expect(await told(command)).toBe('1 down 1 up');
    evidence.giveBack();
    const completed = await run(['rollback', 'release']);
    expect(completed.stdout).toContain('nothing to do');
    expect(completed.stderr).toContain('the record of an earlier run is complete now: added 3 lines');
    const record = await recordOf(command);
    expect(record.map(({ phase, direction, kept }) => `${phase} ${direction} ${kept ?? ''}`.trim())).toEqual([
      'intent up',
      'applied up beside',
      'intent down beside',
      'applied down beside',
    ]);
    expect(transactionsOf(record).map(({ outcome }) => outcome)).toEqual(['applied', 'applied']);
    expect(readdirSync(join(command.home, '.oneroof', 'unrecorded'))).toEqual([]);
  }));

it('a last record that was lost is completed from the rows of the gate, and a planted one beside is not believed', () =>
  withCommand('18', async (command) => {
    const { run, home } = command;
    await command.ratify();
    const evidence = away(command);
    for (const verb of ['rollout', 'rollback']) {
      const tiers = verb === 'rollout' ? [] : ['--through', '3-last'];
      const lost = await run([verb, 'release', ...tiers], { ...firstCommit, by: evidence.take });
      expect(lost.status, lost.stderr).toBe(verb === 'rollout' ? 4 : 0);
      evidence.giveBack();
      const folder = join(home, '.oneroof', 'unrecorded');
      const [file = ''] = readdirSync(folder);
      rmSync(join(folder, file));
      const last = (await recordOf(command)).findLast(({ phase }) => phase === 'intent');
      const planted = { ...last, tier: '3-last', phase: 'applied', steps: [1, 2], direction: 'up' };
      if (verb === 'rollout') {
        mkdirSync(folder, { recursive: true });
        appendFileSync(join(folder, file), `${JSON.stringify(planted)}\n`);
      }
      // a dry run records nothing
      const before = (await recordOf(command)).length;
      await run([verb, 'release', '--dry-run']);
      expect(await recordOf(command)).toHaveLength(before);
      expect((await run([verb, 'release', ...tiers])).stderr).toContain('is complete now: added 1 line');
    }
    const record = await recordOf(command);
    expect(record.filter(({ kept }) => kept === 'rows').map(({ tier, direction }) => `${tier} ${direction}`)).toEqual([
      '1-first up',
      '3-last down',
    ]);
    expect(
      record.filter(({ tier, direction, phase }) => `${tier} ${direction} ${phase}` === '3-last up applied'),
    ).toHaveLength(1);
  }));

it('a rollback runs while the database of the evidence does not answer', () =>
  withCommand('18', async (command) => {
    const { run, home } = command;
    await command.ratify();
    expect((await run(['rollout', 'release'])).status).toBe(0);
    command.configure([`evidence: { url: "postgres://nobody@127.0.0.1:1/none" }`]);
    const refused = await run(['rollout', 'release']);
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('[CONNECT_REFUSED]');
    const back = await run(['rollback', 'release']);
    expect(back.status, back.stderr).toBe(0);
    expect(await told(command)).toBe(undone);
    command.configure();
    expect((await run(['rollback', 'release'])).stderr).toContain('is complete now: added 8 lines');
    expect(readdirSync(join(home, '.oneroof', 'unrecorded'))).toEqual([]);
  }));

it('a tier that runs step by step and comes first is gone back from its half', () => {
  const yaml = threeTiers['release.yaml'] ?? '';
  const files = {
    ...threeTiers,
    'release.yaml': yaml.replace('title: First }', 'title: First, transaction: each }'),
  };
  return withCommand(
    '18',
    async (command) => {
      const { run } = command;
      await command.ratify();
      expect((await run(['rollout', 'release'])).status).toBe(0);
      // COMMIT of the first step of the first tier, which is undone last
      expect((await run(['rollback', 'release'], { word: 19, moment: 'answered', by: 'kill' })).signal).toBe('SIGKILL');
      expect(command.wire.said.at(-1)).toBe('commit');
      expect((await run(['rollback', 'release'])).status).toBe(0);
      expect(await told(command)).toBe(undone);
    },
    { files },
  );
});
