import { describe, expect, it } from 'vitest';
import { digest, type Digest, type Instant } from '../../src/core/index.ts';
import { type Entry } from '../../src/evidence/index.ts';
import { type CycleRow } from '../../src/gate/index.ts';
import { earlierCandidates, earlierHtml } from '../../src/signing/earlier-seal.ts';

const [one, two, three, now, later] = ['1', '2', '3', 'now', 'later'].map((name) => digest('seal', [name])) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const entry = (seal: Digest, kind: string, hour: number): Entry =>
  ({ seal, kind, recordedAt: `2026-11-01T0${hour}:00:00.000Z` }) as Entry;
const log = [
  entry(one, 'seal', 1),
  entry(one, 'rehearsal', 1),
  entry(two, 'seal', 2),
  entry(two, 'rehearsal', 2),
  // what the log says of a ratification is not asked: an agent may write it
  entry(two, 'ratification', 2),
  entry(three, 'seal', 3),
  entry(now, 'seal', 4),
  entry(now, 'rehearsal', 4),
  entry(later, 'seal', 5),
  entry(later, 'rehearsal', 5),
];
const cycle = { opens: { what: 'rollout' }, done: [], closed: { up: null, down: null } };
const ratified = { ...cycle, seal: one } as unknown as CycleRow;
/** Whether every seat of it was filled, no one can tell any more. */
const expired = { ...cycle, seal: two, closed: { up: { code: 'expired' }, down: null } } as unknown as CycleRow;

describe('the seal that a release is compared with', () => {
  it('is the one that the gate of the target says people ratified, before any that was only rehearsed', () => {
    expect(earlierCandidates(log, { seal: now, cycles: [expired, ratified] })).toEqual([
      { seal: one, ratified: true, at: '2026-11-01T01:00:00.000Z' },
      { seal: two, ratified: false, at: '2026-11-01T02:00:00.000Z' },
    ]);
  });

  it('is one under which a tier ran, also where it is closed now', () => {
    const used = { ...expired, done: [{ tier: '1-first', direction: 'up' }] } as unknown as CycleRow;
    expect(earlierCandidates(log, { seal: now, cycles: [used, ratified] })[0]).toMatchObject({
      seal: two,
      ratified: true,
    });
  });

  it('is the newest that was rehearsed where none was ratified, and none that came later or was only sealed', () => {
    expect(earlierCandidates(log, { seal: now, cycles: [] }).map(({ seal }) => seal)).toEqual([two, one]);
    expect(earlierCandidates(log, { seal: one, cycles: [] })).toEqual([]);
    expect(earlierCandidates(log, { seal: digest('seal', ['unknown']), cycles: [ratified] })).toEqual([]);
  });

  it('is called ratified or not on the page, which shows hostile text without running it', () => {
    const changes = [{ name: 'tier <b>', lines: [{ kind: 'new' as const, text: '</pre><script>x</script>\u202e' }] }];
    const of = { seal: two, at: '2026-11-01T02:00:00.000Z' as Instant, changes };
    const page = String(earlierHtml({ ...of, ratified: false })?.markup);
    expect(page).toContain('no ratification of it is open or was used in this database');
    expect(page).not.toMatch(/<script|<b>|\u202e/);
    expect(String(earlierHtml({ ...of, ratified: true })?.markup)).toContain('people ratified it for this database');
    expect(earlierHtml(null)).toBeNull();
  });
});
