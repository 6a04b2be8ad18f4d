import { sql } from '../../src/database/index.ts';
import { type Footprint } from '../../src/fingerprint/index.ts';
import { runSql, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan } from './cycle.io.ts';
import { note, rehearseIn } from './footprint.io.ts';
import { type Attempt, attemptOn } from './purpose.io.ts';

/** What others swap: a function under every kind of object that runs one. */
const functions: Readonly<Record<string, string>> = {
  'say(integer)': 'text',
  'preset()': 'text',
  'shown_by()': 'text',
  'to_mood(integer)': 'mood',
  'match(integer, integer)': 'boolean',
  'is_fine(text)': 'boolean',
  'is_short(text)': 'boolean',
  'stamp()': 'trigger',
};

const bodies: Readonly<Record<string, readonly [good: string, evil: string]>> = {
  text: [`return 'good';`, `return 'evil';`],
  mood: [`return 'good'::mood;`, `return 'evil'::mood;`],
  boolean: ['return true;', 'return false is null or true is not null;'],
  trigger: [`new.stamped := 'good'; return new;`, `new.stamped := 'evil'; return new;`],
};

/** The statement that makes one of them, as it was, or as others want it. */
export function make(name: string, how: 'good' | 'evil'): string {
  const returns = functions[name] ?? '';
  const [good, evil] = bodies[returns] ?? ['', ''];
  return `create or replace function public.${name} returns ${returns} language plpgsql as $f$begin ${how === 'good' ? good : evil} end$f$`;
}

/** An application in which a statement of the release runs functions by a trigger, a default, a view, an operator, a cast and constraints. */
export const application: readonly string[] = [
  `create type mood as enum ('good', 'evil')`,
  ...Object.keys(functions).map((name) => make(name, 'good')),
  `create function any_mood(integer) returns mood language sql as $f$select 'evil'::mood$f$`,
  'create operator === (function = match, leftarg = integer, rightarg = integer)',
  'create cast (integer as mood) with function to_mood(integer)',
  'create domain short as text constraint is_short check (is_short(value))',
  `create table orders (id integer primary key, said text constraint fine check (is_fine(said)), preset text default preset(), stamped text, shown text, equal text, mood mood, short short)`,
  'create trigger stamp before insert on orders for each row execute function stamp()',
  'create view shown as select shown_by() as by',
  // of the footprint, and nothing that the release's transaction locks
  `create table quiet (id integer primary key, word text default 'a')`,
  'create trigger quiet_stamp before insert on quiet for each row execute function stamp()',
  'create policy quiet_all on quiet using (id > 0)',
  'create table parts (id integer) partition by range (id)',
  'create table part (id integer)',
  // another team's
  'create table switch (i integer)',
  'create table theirs (id integer primary key, word text)',
  'create table their_parts (id integer) partition by range (id)',
  'create view theirs_shown as select word from theirs',
];

const insert = `insert into public.orders (id, said, shown, equal, mood, short) select 1, say(1), s.by, case when 1 === 1 then 'good' else 'evil' end, 1::mood, 'x' from public.shown s`;

/** Two tiers over it; `more` changes lines of the manifest. */
export function filesOf(more: { readonly each?: boolean; readonly up?: readonly string[] } = {}): GatedPlan['files'] {
  const transaction = more.each === true ? ', transaction: each' : '';
  return {
    'release.yaml': `format: 1
name: drifting
title: Drifting
database: shop
touches: [public.*]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
tiers:
  - { id: 1-rows, title: Rows${transaction} }
  - { id: 2-column, title: Column${transaction} }
`,
    'tiers/1-rows/up.sql': `${(more.up ?? [insert, `update public.orders set said = say(2) where id = 1`]).join(';\n')};\n`,
    'tiers/1-rows/down.sql': 'delete from public.orders where id = 1;\ndelete from public.orders where id = 2;\n',
    'tiers/2-column/up.sql': `alter table public.orders add column extra integer;\ncomment on column public.orders.extra is 'more';\n`,
    'tiers/2-column/down.sql':
      'comment on column public.orders.extra is null;\nalter table public.orders drop column extra;\n',
  };
}

/** The relations that this footprint names, as a rehearsal would find them. */
export const used = ['orders', 'shown', 'quiet', 'parts'];

/** A footprint of these relations and of the names that the release uses. */
export async function footprintOf(gated: Gated, relations: readonly string[] = used): Promise<Footprint> {
  const words = gated.sealed.release.tiers.flatMap(({ up, down }) =>
    [...up, ...down].flatMap(({ sql: text }) => text.match(/\w+|===/g) ?? []),
  );
  const runs = Object.keys(functions).map((name) => name.slice(0, name.indexOf('(')));
  const names = [
    ...new Set([...words.map((word) => word.toLowerCase()), ...runs, 'short', 'mood', 'equals']),
  ].toSorted();
  const others = ['theirs', 'theirs_id_seq', 'switch', 'part', 'their_parts'];
  return await rehearseIn(gated.database, gated.sealed, {
    relations: relations.map((name): [string, string] => ['public', name]),
    names,
    relationNames: names.filter((name) => !others.includes(name)),
    schemas: ['public'],
  });
}

/** Ratifies the release with that footprint. */
export async function ratifyDrifting(gated: Gated, footprint?: Footprint): Promise<string> {
  const schema = note(footprint ?? (await footprintOf(gated)));
  return await gated.ratify(await gated.ratification({}, { schema }), [gated.people.ana, gated.people.ben]);
}

/** Others of the application's owner, who do not wait long. */
export async function asOwner(gated: Gated, statements: readonly string[]): Promise<void> {
  if (statements.length > 0)
    await runSql(gated.database, ['set role app_owner', `set lock_timeout = '2s'`, ...statements]);
}

/** Where others may come in between. */
export type Moment = 'entered' | 'step' | 'left';

/** A tier by hand, with what others do in between; it is rolled back where something is refused. */
export async function tierWith(
  gated: Gated,
  of: {
    readonly statement: string;
    readonly direction?: 'up' | 'down';
    readonly tier?: string;
    readonly others?: Partial<Readonly<Record<Moment, readonly string[]>>>;
    readonly end?: 'commit' | 'rollback';
  },
): Promise<void> {
  const { direction = 'up', tier = '1-rows', others = {}, end = 'commit' } = of;
  const steps = gated.sealed.release.tiers.find(({ id }) => id === tier)?.[direction] ?? [];
  const come = (moment: Moment): Promise<void> => asOwner(gated, others[moment] ?? []);
  await attemptOn(gated, { ...of, direction, tier }, async (attempt: Attempt) => {
    await attempt.begin();
    await attempt.enter();
    await come('entered');
    for (const [at, step] of steps.entries()) await attempt.step(at + 1, step.sql);
    await come('step');
    await attempt.leave();
    await come('left');
    if (end === 'commit') await attempt.commit();
    else await attempt.session.query(sql`rollback`);
  });
}

/** What the release has written. */
export async function writtenIn(gated: Gated): Promise<string> {
  return await withSession(gated.database, async (session) => {
    const [row] = await session.query<{ rows: string }>(
      sql`select coalesce(string_agg(concat_ws(' ', said, preset, stamped, shown, equal, mood), ';' order by id), '') as rows from public.orders`,
    );
    return row?.rows ?? '';
  });
}
