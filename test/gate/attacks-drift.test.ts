import { describe, expect, it } from 'vitest';
import { runSql, versions } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import {
  application,
  asOwner,
  filesOf,
  footprintOf,
  make,
  ratifyDrifting,
  tierWith,
  used,
  writtenIn,
} from './drift-application.io.ts';
import { attemptOn, replacing } from './purpose.io.ts';

const plan: GatedPlan = { files: filesOf()!, application };
const time = { timeout: 120_000 };

/** What others change between entering and COMMIT, how it is put back, and what the refusal names. */
interface Change {
  readonly name: string;
  readonly swap: readonly string[];
  readonly back: readonly string[];
  readonly why: RegExp;
  /** What the steps have used cannot be changed back, or at all, before COMMIT. */
  readonly holds?: boolean;
}

const swapped = (name: string, why: string, shown = name): Change => ({
  name: why,
  swap: [make(name, 'evil')],
  back: [make(name, 'good')],
  why: new RegExp(`gate: schema: function public\\.${shown.replaceAll(/[()]/g, '\\$&')}: source is .*evil|is not null`),
});

const programs: readonly Change[] = [
  swapped('say(integer)', 'a function that its SQL calls'),
  swapped('preset()', 'a function of a default'),
  swapped('shown_by()', 'a function of a view'),
  swapped('stamp()', 'a function of a trigger'),
  swapped('match(integer, integer)', 'a function of an operator'),
  swapped('to_mood(integer)', 'a function of a cast'),
  swapped('is_fine(text)', 'a function of a check constraint'),
  swapped('is_short(text)', 'a function of the check of a domain'),
  {
    name: 'the check of a domain',
    swap: [
      'alter domain short drop constraint is_short',
      'alter domain short add constraint is_short check (true) not valid',
    ],
    back: [
      'alter domain short drop constraint is_short',
      'alter domain short add constraint is_short check (is_short(value))',
    ],
    holds: true,
    why: /gate: schema: constraint public\.short\.is_short: definition is CHECK \(true\) NOT VALID; in rehearsal it was CHECK \(public\.is_short\(VALUE\)\)/,
  },
  {
    name: 'a view',
    swap: [`create or replace view shown as select 'evil'::text as by`],
    back: ['create or replace view shown as select shown_by() as by'],
    holds: true,
    why: /gate: schema: view public\.shown: definition is .*evil.*; in rehearsal it was .*shown_by/,
  },
  {
    name: 'an operator',
    swap: [
      'drop operator ===(integer, integer)',
      'create operator === (function = int4ne, leftarg = integer, rightarg = integer)',
    ],
    back: [
      'drop operator ===(integer, integer)',
      'create operator === (function = match, leftarg = integer, rightarg = integer)',
    ],
    why: /gate: schema: operator public\."==="\(integer, integer\): function is int4ne\(integer,integer\); in rehearsal it was public\.match\(integer,integer\)/,
  },
  {
    name: 'a cast',
    swap: ['drop cast (integer as mood)', 'create cast (integer as mood) with function any_mood(integer)'],
    back: ['drop cast (integer as mood)', 'create cast (integer as mood) with function to_mood(integer)'],
    why: /gate: schema: cast \(integer AS public\.mood\): function is public\.any_mood\(integer\); in rehearsal it was public\.to_mood\(integer\)/,
  },
  {
    name: 'a default',
    swap: [`alter table orders alter column preset set default 'evil'`],
    back: ['alter table orders alter column preset set default preset()'],
    holds: true,
    why: /gate: schema: column public\.orders\.preset: default is 'evil'::text; in rehearsal it was public\.preset\(\)/,
  },
  {
    name: 'a policy',
    swap: ['alter policy quiet_all on quiet using (true)'],
    back: ['alter policy quiet_all on quiet using (id > 0)'],
    why: /gate: schema: policy public\.quiet\.quiet_all: using is true; in rehearsal it was \(id > 0\)/,
  },
  {
    name: 'a trigger that is switched off',
    swap: ['alter table quiet disable trigger quiet_stamp'],
    back: ['alter table quiet enable trigger quiet_stamp'],
    why: /gate: schema: trigger public\.quiet\.quiet_stamp: enabled is D; in rehearsal it was O/,
  },
];

const tables: readonly Change[] = [
  {
    name: 'a comment',
    swap: [`comment on table quiet is 'x'`],
    back: ['comment on table quiet is null'],
    why: /gate: schema: table public\.quiet: comment is x; in rehearsal it was nothing/,
  },
  {
    name: 'a grant',
    swap: ['grant select on quiet to public'],
    back: ['revoke select on quiet from public'],
    why: /gate: schema: table public\.quiet: privileges is .*SELECT to PUBLIC/,
  },
  {
    name: 'a column by another name',
    swap: ['alter table quiet rename column word to words'],
    back: ['alter table quiet rename column words to word'],
    why: /gate: schema: column public\.quiet\.word is missing, but existed in rehearsal; column public\.quiet\.words did not exist/,
  },
  {
    name: 'a partition',
    swap: ['alter table parts attach partition part for values from (0) to (9)'],
    back: ['alter table parts detach partition part'],
    why: /gate: schema: .*table public\.part did not exist in rehearsal/,
  },
  {
    name: 'an index',
    swap: ['create index quiet_word on quiet (word)'],
    back: ['drop index quiet_word'],
    why: /gate: schema: index public\.quiet_word did not exist in rehearsal/,
  },
  {
    name: 'row security',
    swap: ['alter table quiet enable row level security'],
    back: ['alter table quiet disable row level security'],
    why: /gate: schema: table public\.quiet: rowSecurity is true; in rehearsal it was false/,
  },
  {
    name: 'a function of the same name',
    swap: [`create function say(bigint) returns text language sql as $$select 'evil'$$`],
    back: ['drop function say(bigint)'],
    why: /gate: schema: function public\.say\(bigint\) did not exist in rehearsal/,
  },
];

/** Says how it was refused. */
const refusalOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'committed',
    (error: unknown) => String(error),
  );

describe.each(versions)('between entering a tier and its COMMIT, on PostgreSQL %s', (version) => {
  it('nothing commits where others replace what it runs, or change its tables', time, () =>
    withGate(version, plan, async (gated) => {
      const statement = await ratifyDrifting(gated);
      const wrong: unknown[] = [];
      for (const [at, { name, swap, back, why, holds }] of [...programs, ...tables].entries())
        for (const moment of holds === true || at % 3 > 0 ? (['entered'] as const) : (['entered', 'left'] as const)) {
          const refusal = await refusalOf(tierWith(gated, { statement, others: { [moment]: swap } }));
          if (!why.test(refusal)) wrong.push([name, moment, refusal]);
          await asOwner(gated, back);
        }
      expect(wrong).toEqual([]);
      expect(await writtenIn(gated)).toBe('');
      await tierWith(gated, { statement });
      expect(await writtenIn(gated)).toBe('good good good good good good');
    }),
  );

  it('nothing commits where it is put back before any check', time, () =>
    withGate(version, plan, async (gated) => {
      const statement = await ratifyDrifting(gated);
      const wrong: unknown[] = [];
      for (const { name, swap, back, holds } of programs) {
        const others = holds === true ? { entered: [...swap, ...back] } : { entered: swap, step: back };
        const refusal = await refusalOf(tierWith(gated, { statement, others }));
        if (!/gate: schema: .* was changed by another transaction since the tier was entered/.test(refusal))
          wrong.push([name, refusal]);
      }
      expect(wrong).toEqual([]);
      await tierWith(gated, { statement });
      expect(await writtenIn(gated)).toBe('good good good good good good');
    }),
  );
});

/** A safeguard, the attack that it stops, and what the attack takes without it. */
interface Safeguard {
  readonly name: string;
  readonly off: readonly (readonly [from: string, to: string])[];
  readonly others: NonNullable<Parameters<typeof tierWith>[1]['others']>;
}

const evil = make('say(integer)', 'evil');
const good = make('say(integer)', 'good');
const rows = ['perform gate.require_programs(of_statement, entered, seen.programs);', ''] as const;
const safeguards: readonly Safeguard[] = [
  {
    name: 'the comparison on leaving',
    off: [['  perform gate.require_same(differences);', ''], rows],
    others: { entered: [evil] },
  },
  { name: 'the rows of the catalogue', off: [rows], others: { entered: [evil], step: [good] } },
  {
    name: 'the comparison at COMMIT',
    off: [['perform gate.commit_schema(new.statement, new.programs);', '']],
    others: { left: [evil] },
  },
];

describe.each(versions)('what stops that on PostgreSQL %s', (version) => {
  it.each(safeguards)('is $name', time, ({ off, others }) =>
    withGate(version, { ...plan, change: replacing(...off) }, async (gated) => {
      const statement = await ratifyDrifting(gated);
      await tierWith(gated, { statement, others });
      expect(await writtenIn(gated)).toMatch(others.left === undefined ? /^evil/ : /^good/);
    }),
  );

  it('for a branch that no rehearsal took, the locks show it', time, async () => {
    const branch = (then: string): string =>
      `do $do$ begin if exists (select from public.switch) then ${then}; end if; end $do$`;
    const branches = [
      `update public.theirs set word = 'evil'`,
      // by a foreign key of its own it hangs together with what the release uses, and is not read for it
      `execute 'select count(*) from public.th' || 'eirs'`,
      `perform nextval('public.theirs_id_seq')`,
    ];
    const files = filesOf({ up: branches.map(branch) })!;
    const more = ['create sequence theirs_id_seq', 'alter table theirs add column of integer references orders'];
    const run = async (gated: Gated): Promise<string> => {
      const statement = await ratifyDrifting(gated, await footprintOf(gated, [...used, 'switch']));
      await asOwner(gated, [`insert into theirs values (1, 'good')`, 'insert into switch values (1)']);
      return await refusalOf(tierWith(gated, { statement }));
    };
    for (const one of branches.map((then) => filesOf({ up: [branch(then)] })!))
      await withGate(version, { files: one, application: [...application, ...more] }, async (gated) => {
        expect(await run(gated)).toMatch(/gate: schema: this tier used public\.theirs(_id_seq)?, but not in rehearsal/);
      });
    const change = replacing(['perform gate.require_inside(seen.inside);', '']);
    await withGate(version, { files, application: [...application, ...more], change }, async (gated) => {
      expect(await run(gated)).toBe('committed');
    });
  });
});

/** The tiers of the release, or some of them, one after the other. */
async function rollOut(gated: Gated, statement: string, direction: 'up' | 'down' = 'up'): Promise<void> {
  const tiers = gated.sealed.release.tiers.map(({ id }) => id);
  for (const tier of direction === 'up' ? tiers : tiers.toReversed())
    await tierWith(gated, { statement, direction, tier });
}

const stepwise: GatedPlan = { ...plan, files: filesOf({ each: true })! };

describe.each(versions)('within a tier that commits its steps one by one, on PostgreSQL %s', (version) => {
  /** Runs some steps of a tier, each in a transaction of its own, with others in the middle of one. */
  const stepsOf = (
    gated: Gated,
    of: {
      statement: string;
      direction: 'up' | 'down';
      tier: string;
      steps: readonly number[];
      others?: readonly string[];
      leave?: boolean;
    },
  ): Promise<void> =>
    attemptOn(gated, of, async ({ begin, enter, step, leave, commit }) => {
      const list = gated.sealed.release.tiers.find(({ id }) => id === of.tier)?.[of.direction] ?? [];
      for (const n of of.steps) {
        await begin();
        await enter();
        await asOwner(gated, of.others ?? []);
        await step(n, list[n - 1]?.sql);
        if (of.leave === true && n === list.length) await leave();
        await commit();
      }
    });
  const change = [`comment on table quiet is 'x'`];
  const back = ['comment on table quiet is null'];
  const why = 'gate: schema: table public.quiet: comment is x; in rehearsal it was nothing';

  it('drift between two steps, or in the middle of one, is refused by name, and its own changes are not', time, () =>
    withGate(version, stepwise, async (gated) => {
      const statement = await ratifyDrifting(gated);
      await tierWith(gated, { statement });
      for (const direction of ['up', 'down'] as const) {
        const of = { statement, direction, tier: '2-column' };
        await stepsOf(gated, { ...of, steps: [1] });
        await asOwner(gated, change);
        expect(await refusalOf(stepsOf(gated, { ...of, steps: [2] }))).toContain(why);
        await asOwner(gated, back);
        expect(await refusalOf(stepsOf(gated, { ...of, steps: [2], others: change }))).toContain(why);
        await asOwner(gated, back);
        await stepsOf(gated, { ...of, steps: [2], leave: true });
      }
      await tierWith(gated, { statement, direction: 'down' });
    }),
  );

  it('in a rollback it is accepted where no step is compared, and found too late', time, () =>
    withGate(
      version,
      {
        ...stepwise,
        change: replacing([' or (rehearsed is not null and gate.is_way_back(of_statement, of_tier))', '']),
      },
      async (gated) => {
        const statement = await ratifyDrifting(gated);
        await rollOut(gated, statement);
        const of = { statement, direction: 'down', tier: '2-column' } as const;
        await stepsOf(gated, { ...of, steps: [1], others: change });
        expect(await refusalOf(stepsOf(gated, { ...of, steps: [2], leave: true }))).toContain(why);
      },
    ),
  );
});

const newcomers: readonly (readonly [change: string, back: string, why: string])[] = [
  [
    `create function say(bigint) returns text language sql as 'select 1'`,
    'drop function say(bigint)',
    'function public.say(bigint) did not exist in rehearsal',
  ],
  [
    'create operator === (function = int8eq, leftarg = bigint, rightarg = bigint)',
    'drop operator === (bigint, bigint)',
    'operator public."==="(bigint, bigint) did not exist in rehearsal',
  ],
  [
    'create cast (bigint as mood) with inout',
    'drop cast (bigint as mood)',
    'cast (bigint AS public.mood) did not exist in rehearsal',
  ],
  [
    'create table extra (i integer)',
    'drop table extra',
    'column public.extra.i did not exist in rehearsal; table public.extra did not exist',
  ],
  ['create view said as select 1 as i', 'drop view said', 'view public.said did not exist in rehearsal'],
];

/** What another team does at night, on objects that the release does not depend on, or that no client can tell. */
const night = (n: number): readonly string[] => [
  `create table their_parts_${n} partition of their_parts for values from (${n * 10}) to (${n * 10 + 9})`,
  `create table of_another_team_${n} (i integer primary key)`,
  `create index by_hand_${n} on theirs (word)`,
  `create function of_another_team_${n}(integer) returns integer language sql as 'select 1'`,
  `create or replace view theirs_shown as select word from theirs where id > ${n}`,
  'alter table quiet add column hole integer',
  'alter table quiet drop column hole',
  `alter table quiet alter column word set statistics ${n * 100}`,
  `alter table theirs disable row level security`,
];

describe.each(versions)('what else changes on PostgreSQL %s', (version) => {
  it('closes where a new object has a name that its SQL uses, and not where it has another name', time, () =>
    withGate(version, plan, async (gated) => {
      const statement = await ratifyDrifting(gated);
      for (const [change, back, why] of newcomers) {
        await asOwner(gated, [change]);
        const refusal = await refusalOf(tierWith(gated, { statement }));
        expect(refusal).toContain('gate: schema: ');
        expect(refusal).toContain(why);
        await asOwner(gated, [back]);
      }
      await runSql(gated.database, ['create schema elsewhere authorization app_owner']);
      await asOwner(gated, [
        `create function elsewhere.say(bigint) returns text language sql as 'select 1'`,
        `create function say_no(bigint) returns text language sql as 'select 1'`,
        'create table elsewhere.extra (i integer)',
      ]);
      await tierWith(gated, { statement });
    }),
  );

  it('closes neither direction where the release does not depend on it', time, () =>
    withGate(version, plan, async (gated) => {
      const statement = await ratifyDrifting(gated);
      await asOwner(gated, night(1));
      await tierWith(gated, { statement, others: { entered: night(2), left: night(3) } });
      await asOwner(gated, night(4));
      await tierWith(gated, { statement, tier: '2-column' });
      await asOwner(gated, night(5));
      await rollOut(gated, statement, 'down');
    }),
  );

  it(
    'closes nothing where a view reads the footprint and a table beyond it, which to show it locks',
    time,
    async () => {
      const both = [...application, 'create view both_shown as select o.said, t.word from orders o, theirs t'];
      for (const policy of [{}, { drift: 'none' as const }])
        await withGate(version, { ...plan, application: both, policy }, async (gated) => {
          const statement = await ratifyDrifting(gated);
          await rollOut(gated, statement);
          await rollOut(gated, statement, 'down');
        });
      const change = replacing(["raise exception using errcode = 'OR000';", '']);
      await withGate(version, { ...plan, application: both, change }, async (gated) => {
        const statement = await ratifyDrifting(gated);
        expect(await refusalOf(tierWith(gated, { statement }))).toContain('this tier used public.theirs,');
      });
    },
  );

  it('closes the rollout, and never the rollback, where the policy asks for no drift at all', time, () =>
    withGate(version, { ...plan, policy: { drift: 'none' } }, async (gated) => {
      const why = /gate: schema: .*an object that the release does not depend on, which the policy does not allow/;
      const first = await ratifyDrifting(gated);
      await asOwner(gated, night(1));
      expect(await refusalOf(tierWith(gated, { statement: first }))).toMatch(why);
      const statement = await ratifyDrifting(gated);
      await tierWith(gated, { statement });
      await asOwner(gated, night(2));
      expect(await refusalOf(tierWith(gated, { statement, tier: '2-column' }))).toMatch(why);
      await tierWith(gated, { statement, direction: 'down' });
    }),
  );
});
