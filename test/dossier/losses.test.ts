import { beforeAll, describe, expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { buildDossier, type Dossier } from '../../src/dossier/index.ts';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { type SealedRelease, type Step } from '../../src/release/index.ts';
import { withHost } from '../rehearsal/host.io.ts';
import { sealed, tier } from '../rehearsal/made.ts';
import { evidenceOf } from './example.io.ts';

const before = [
  'create table t (id integer primary key, v integer, w varchar(10), x text, note text not null)',
  "insert into t select g, g, 'w', 'x' || g, 'n' from generate_series(1, 500) g",
  'create table queue (id integer primary key)',
  'create table other (id integer primary key)',
  'create sequence s',
];

/** The kind that the parser gives, for the statements of this test. */
const kindOf = (sql: string): string =>
  ({ truncate: 'TruncateStmt', do: 'DoStmt', alter: 'AlterTableStmt', drop: 'DropStmt', delete: 'DeleteStmt' })[
    sql.split(/\s/)[0] ?? ''
  ] ?? 'Stmt';
const withKinds = ({ seal, release }: SealedRelease): SealedRelease => {
  const kinds = (steps: readonly Step[]) => steps.map((step) => ({ ...step, kind: kindOf(step.sql) }));
  const tiers = release.tiers.map((one) => ({
    ...one,
    transaction: one.id === '2-index' ? ('each' as const) : one.transaction,
    up: kinds(one.up),
    down: kinds(one.down),
  }));
  return { seal, release: { ...release, tiers } };
};

const release = withKinds(
  sealed([
    tier('1-data', {
      up: [
        'create table keep as select id, x from t',
        'alter table t drop column x',
        'alter table t add column y integer',
        'alter table t alter column w type text',
        'alter table t alter column v type bigint',
        'alter table t alter column note drop not null',
        'create table made (id integer primary key)',
        'insert into queue select generate_series(1, 3)',
        'insert into other select generate_series(1, 3)',
        "select setval('s', 100)",
        'delete from t where id <= 3',
      ],
      down: [
        'alter table t drop column if exists y',
        'alter table t add column if not exists x text',
        "do $$ begin if to_regclass('keep') is not null then insert into t (id, v, w, x, note) select id, id, 'w', x, 'n' from keep where id <= 3; update t set x = k.x from keep k where k.id = t.id and t.x is distinct from k.x; end if; end $$",
        'drop table if exists keep, made',
        'alter table t alter column w type varchar(10)',
        'alter table t alter column v type integer',
        'alter table t alter column note set not null',
        'truncate queue',
        'do $$ begin truncate other; end $$',
        "select setval('s', 1, false)",
      ],
    }),
    tier('2-index', {
      up: ['create index t_v on t (v)', 'create index t_w on t (w)'],
      down: ['drop index if exists t_w', 'drop index if exists t_v'],
    }),
  ]),
);

let rehearsal: Rehearsal;
let dossier: Dossier;
beforeAll(async () => {
  rehearsal = await withHost(before, ({ host }) => rehearse({ release, host, owner: 'test' }));
  dossier = buildDossier({
    sealed: release,
    evidence: evidenceOf(release, [['rehearsal', rehearsal]]),
    target: 'trial',
    production: true,
    reading: { read: false, why: 'not asked' },
    now: now(),
  });
}, 120_000);

const lost = (relation: string): readonly string[] =>
  dossier.back.losses.filter((loss) => loss.relation === relation).map(({ text }) => text);

describe('what a rollback loses of what was written meanwhile', () => {
  it('is told from a rehearsal that passed', () => {
    expect(rehearsal.problems).toEqual([]);
    expect(dossier.back.verdict).toBe('logical');
  });

  it('is all that stands in a table or a column that the release made', () => {
    expect(lost('public.made')).toEqual([expect.stringMatching(/^all rows written to it: the rollback removes/)]);
    expect(lost('public.t')).toContainEqual(expect.stringMatching(/^all values written to its column y:/));
  });

  it('is what does not fit a type that goes back, and the value of a column that was away', () => {
    expect(lost('public.t')).toContainEqual(
      expect.stringMatching(/^column w goes back from text to character varying\(10\)/),
    );
    expect(lost('public.t')).toContainEqual(
      expect.stringMatching(/^column x is dropped, and the rollback creates it again/),
    );
  });

  it('is edits of rows that the rollback updates', () => {
    expect(lost('public.t')).toContainEqual(expect.stringMatching(/^the rollback updated 497 rows/));
  });

  it('is every row of a table that the rollback empties, also by a block of code', () => {
    expect(lost('public.queue')).toEqual([expect.stringMatching(/^the rollback empties it/)]);
    expect(lost('public.other')).toEqual([expect.stringMatching(/may have removed its rows/)]);
  });

  it('is the numbers of a sequence that the rollback sets back', () => {
    expect(lost('public.s')).toEqual([expect.stringMatching(/it returns numbers again/)]);
  });

  it('is nothing where the rollback writes nothing and takes nothing away', () => {
    const bare = { ...rehearsal, changes: { objects: [], count: 0, sequences: [] } };
    const quiet = {
      ...bare,
      stages: bare.stages.map((stage) => ({
        ...stage,
        steps: stage.steps.map((step) => ({ ...step, rowsByRelation: [], rewritten: [], rewrittenTables: [] })),
      })),
    };
    const built = buildDossier({
      sealed: release,
      evidence: evidenceOf(release, [['rehearsal', quiet]]),
      target: 'trial',
      production: true,
      reading: { read: false, why: 'not asked' },
      now: now(),
    });
    expect(built.back.losses).toEqual([]);
  });
});

describe('what the forward did', () => {
  it('is told by object, dropped ones first, with properties before and after', () => {
    const { objects } = dossier.changes;
    expect(objects?.[0]?.change).toBe('dropped');
    const column = objects?.find(({ name }) => name === 'public.t.w');
    expect(column).toMatchObject({ kind: 'column', change: 'changed' });
    expect(column?.properties).toContainEqual({ name: 'type', before: 'character varying(10)', after: 'text' });
    expect(dossier.time.rewrites).toContainEqual({ relation: 'public.t', bytes: expect.any(Number) });
    const titles = dossier.risks.map(({ title }) => title);
    expect(titles).toContain('Rows written meanwhile can stop the rollback');
    expect(titles).toContain('3 rows deleted');
    expect(titles).toContain('A failure can leave a tier half done');
  });

  it('counts a lock of a statement of its own from the begin of its tier', () => {
    const span = (tierId: string, mode: string) =>
      dossier.locks.filter((lock) => lock.tier === tierId && lock.relation === 'public.t' && lock.mode === mode);
    expect(span('1-data', 'ACCESS EXCLUSIVE')).toHaveLength(1);
    const [first, second] = span('2-index', 'SHARE').toSorted((a, b) => a.fromMs - b.fromMs);
    const duration = dossier.tiers[1]?.up[0]?.durationMs ?? 0;
    expect(duration).toBeGreaterThan(0);
    expect(first?.fromMs).toBe(0);
    expect(second?.fromMs).toBeCloseTo(duration, 0);
  });
});
