import { beforeAll, describe, expect, it } from 'vitest';
import { type Direction, readRelease, type Release, type TierId } from '../../src/release/index.ts';
import { nextAct, type Progress } from '../../src/rollout/index.ts';
import { decideOutcome, type Findings } from '../../src/rollout/outcome.ts';
import { isRetryable, pauseBefore } from '../../src/rollout/retry.ts';
import { withFolder } from '../release/folder.io.ts';
import { files } from './fixture.io.ts';

let release: Release;
beforeAll(async () => {
  release = await withFolder(files, readRelease);
});

const tiers = ['1-first', '2-each', '3-last'];
const mark = (tier: string, direction: Direction) => ({ tier, direction, epoch: '1', schemaAfter: '' });
const act = (direction: Direction, progress: Partial<Progress>, through: string | null = null) =>
  nextAct({ release, direction, through: through as TierId | null }, { markers: [], steps: [], ...progress });
const up = (...names: readonly string[]) => names.map((name) => mark(name, 'up'));

describe('the next act', () => {
  it('goes up tier by tier and never enters a barred one', () => {
    for (const [index, tier] of tiers.entries())
      expect(act('up', { markers: up(...tiers.slice(0, index)) })).toMatchObject({ act: 'enter', tier });
    expect(act('up', { markers: up(...tiers) })).toEqual({ act: 'nothing' });
  });

  it('goes back last to first from any half-way point', () => {
    for (const index of [0, 1, 2])
      expect(act('down', { markers: up(...tiers.slice(0, index + 1)) })).toMatchObject({ tier: tiers[index] });
    const half = { markers: up('1-first'), steps: [{ tier: '2-each', direction: 'up' as const, n: 1 }] };
    expect(act('down', half)).toMatchObject({ act: 'enter', tier: '2-each' });
    expect(act('down', {})).toEqual({ act: 'nothing' });
  });

  it('stops behind the tier that is named', () => {
    expect(act('up', { markers: up('1-first') }, '1-first')).toEqual({ act: 'nothing' });
    expect(act('down', { markers: up('1-first') }, '2-each')).toEqual({ act: 'nothing' });
  });

  it('goes on behind the steps that are done', () => {
    const half = { markers: up('1-first'), steps: [{ tier: '2-each', direction: 'up' as const, n: 1 }] };
    expect(act('up', half)).toEqual({ act: 'enter', tier: '2-each', firstStep: 2 });
  });

  it('is held once the rollback has begun', () => {
    expect(act('up', { markers: [...up(...tiers), mark('3-last', 'down')] })).toMatchObject({ act: 'held' });
  });

  it('is held before a tier that has no rollback, and before any later one', () => {
    const oneWay = release.tiers.map((tier) => (tier.id === '1-first' ? { ...tier, oneWay: 'rows are gone' } : tier));
    const wish = { release: { ...release, tiers: oneWay }, direction: 'down' as const, through: null };
    expect(nextAct(wish, { markers: up(...tiers), steps: [] })).toMatchObject({ act: 'held' });
  });

  it('halts at rows that no run leaves behind', () => {
    expect(act('up', { markers: up('2-each') })).toMatchObject({ act: 'halt' });
    expect(act('up', { markers: up('9-other') })).toMatchObject({ act: 'halt' });
    expect(act('up', { markers: up('1-first', '1-first') })).toMatchObject({ act: 'halt' });
    expect(act('down', { markers: up('4-barred') })).toMatchObject({ act: 'halt' });
    expect(act('down', { markers: [...up(...tiers), mark('1-first', 'down')] })).toMatchObject({ act: 'halt' });
    expect(act('up', { steps: [{ tier: '1-first', direction: 'up', n: 1 }] })).toMatchObject({ act: 'halt' });
  });
});

describe('the outcome of a transaction whose answer was lost', () => {
  const server = { systemIdentifier: '1', timeline: '00000001', databaseOid: '5', startedAt: 'noon', standbys: '' };
  const found: Findings = {
    before: server,
    now: server,
    backend: 'gone',
    mark: 'present',
    old: { pid: 7, startedAt: 'one' },
  };

  it('is decided by the marker once the process is gone', () => {
    expect(decideOutcome(found)).toEqual({ outcome: 'applied', replication: 'as-configured' });
    const waited = { ...found, now: { ...server, startedAt: 'one', standbys: 'gone' } };
    expect(decideOutcome(waited)).toEqual({ outcome: 'applied', replication: 'uncertain' });
    expect(decideOutcome({ ...found, mark: 'absent' })).toEqual({ outcome: 'not-applied' });
  });

  it('is unknown while the process lives, on another server, on another timeline, or without a server', () => {
    const others: readonly Partial<Findings>[] = [
      { backend: 'alive' },
      { backend: 'waiting' },
      { now: null },
      { now: { ...server, systemIdentifier: '2' } },
      { now: { ...server, databaseOid: '6' } },
      { now: { ...server, timeline: '00000002' } },
      { now: { ...server, timeline: 'standby' } },
    ];
    for (const other of others)
      for (const one of ['present', 'absent'] as const)
        expect(decideOutcome({ ...found, mark: one, ...other }).outcome).toBe('unknown');
  });
});

describe('another try', () => {
  it('is made for a lock and a deadlock only', () => {
    expect(['55P03', '40P01', '40001', '57014', '23505', ''].filter(isRetryable)).toEqual(['55P03', '40P01']);
  });

  it('ends by number and by time', () => {
    const patience = { attempts: 3, budget: 1000, firstPause: 100 };
    expect(pauseBefore(patience, { attempts: 1, elapsed: 0, luck: 0 })).toBe(50);
    expect(pauseBefore(patience, { attempts: 3, elapsed: 0, luck: 0 })).toBeNull();
    expect(pauseBefore(patience, { attempts: 2, elapsed: 990, luck: 0 })).toBeNull();
  });
});
