import type { Mutation } from './mutations.ts';

const fk = (definition: string): readonly string[] => [
  'alter table s.child drop constraint child_fk2',
  `alter table s.child add constraint child_fk2 foreign key (k, l) references s.parent (k, l) ${definition}`,
];

/** Constraints, indexes, triggers, rules, policies, statistics objects. */
export const constraints: readonly Mutation[] = [
  {
    what: 'a check comes',
    change: ['alter table s.t add constraint b_small check (b < 9)'],
    finds: 'constraint s.t.b_small: whole',
  },
  {
    what: 'a check goes',
    change: ['alter table s.k drop constraint k_positive'],
    finds: 'constraint s.k.k_positive: whole',
  },
  {
    what: 'a check changes',
    change: ['alter table s.k drop constraint k_positive', 'alter table s.k add constraint k_positive check (a > 1)'],
    finds: 'constraint s.k.k_positive: definition',
  },
  {
    what: 'a check is not valid',
    change: [
      'alter table s.k drop constraint k_positive',
      'alter table s.k add constraint k_positive check (a > 0) not valid',
    ],
    finds: 'constraint s.k.k_positive: validated',
    also: ['constraint s.k.k_positive: definition'],
  },
  {
    what: 'a check is not inherited',
    change: [
      'alter table s.k drop constraint k_positive',
      'alter table s.k add constraint k_positive check (a > 0) no inherit',
    ],
    finds: 'constraint s.k.k_positive: noInherit',
    also: ['constraint s.k.k_positive: definition'],
  },
  {
    what: 'a check is not enforced',
    from: 18,
    change: [
      'alter table s.k drop constraint k_positive',
      'alter table s.k add constraint k_positive check (a > 0) not enforced',
    ],
    finds: 'constraint s.k.k_positive: enforced',
    also: ['constraint s.k.k_positive: definition', 'constraint s.k.k_positive: validated'],
  },
  {
    what: 'a constraint is renamed',
    change: ['alter table s.k rename constraint k_positive to k_above_zero'],
    finds: 'constraint s.k.k_above_zero: whole',
    also: ['constraint s.k.k_positive: whole'],
  },
  {
    what: 'a unique constraint comes',
    change: ['alter table s.t add constraint t_bu unique (b)'],
    finds: 'constraint s.t.t_bu: whole',
    also: ['index s.t_bu: whole'],
  },
  {
    what: 'a unique index becomes a constraint',
    change: ['alter table s.t add constraint t_u unique using index t_u'],
    finds: 'constraint s.t.t_u: whole',
    also: ['index s.t_u: constraint'],
  },
  {
    what: 'a unique constraint counts NULLs as equal',
    from: 15,
    setup: ['alter table s.k add constraint k_n unique (a)'],
    change: ['alter table s.k drop constraint k_n', 'alter table s.k add constraint k_n unique nulls not distinct (a)'],
    finds: 'constraint s.k.k_n: definition',
    also: ['index s.k_n: definition'],
  },
  {
    what: 'a unique constraint includes a column',
    setup: ['alter table s.k add constraint k_n unique (a)'],
    change: ['alter table s.k drop constraint k_n', 'alter table s.k add constraint k_n unique (a) include (b)'],
    finds: 'constraint s.k.k_n: definition',
    also: ['index s.k_n: definition', 'index s.k_n: statistics', 'index s.k_n: attributes (strict)'],
  },
  {
    what: 'a unique constraint is no longer deferrable',
    change: ['alter table s.k drop constraint k_unique', 'alter table s.k add constraint k_unique unique (b)'],
    finds: 'constraint s.k.k_unique: deferrable',
    also: ['constraint s.k.k_unique: definition', 'index s.k_unique: immediate', 'constraint s.k.k_unique: triggers'],
  },
  {
    what: 'a primary key goes',
    setup: ['drop publication pub'],
    change: ['alter table s.t drop constraint t_pkey'],
    finds: 'constraint s.t.t_pkey: whole',
    also: ['index s.t_pkey: whole'],
  },
  {
    what: 'a primary key becomes a unique constraint',
    setup: ['create table s.pk (x integer not null, constraint pk_x primary key (x))'],
    change: ['alter table s.pk drop constraint pk_x', 'alter table s.pk add constraint pk_x unique (x)'],
    finds: 'constraint s.pk.pk_x: type',
    also: ['constraint s.pk.pk_x: definition', 'index s.pk_x: primary'],
  },
  {
    what: 'a foreign key goes',
    change: ['alter table s.child drop constraint child_fk'],
    finds: 'constraint s.child.child_fk: whole',
  },
  {
    what: 'a foreign key cascades deletes',
    change: fk('on delete cascade'),
    finds: 'constraint s.child.child_fk2: definition',
  },
  {
    what: 'a foreign key sets NULL on update',
    change: fk('on update set null'),
    finds: 'constraint s.child.child_fk2: definition',
  },
  {
    what: 'a foreign key sets only some columns NULL',
    setup: fk('on delete set null'),
    change: fk('on delete set null (l)'),
    finds: 'constraint s.child.child_fk2: definition',
  },
  { what: 'a foreign key matches fully', change: fk('match full'), finds: 'constraint s.child.child_fk2: definition' },
  {
    what: 'a foreign key is not valid',
    change: fk('not valid'),
    finds: 'constraint s.child.child_fk2: validated',
    also: ['constraint s.child.child_fk2: definition'],
  },
  {
    what: 'a foreign key becomes deferrable',
    change: ['alter table s.child alter constraint child_fk2 deferrable'],
    finds: 'constraint s.child.child_fk2: deferrable',
    also: ['constraint s.child.child_fk2: definition'],
  },
  {
    what: 'a foreign key becomes initially deferred',
    change: ['alter table s.child alter constraint child_fk initially deferred'],
    finds: 'constraint s.child.child_fk: deferred',
    also: ['constraint s.child.child_fk: definition'],
  },
  {
    what: 'a foreign key is not enforced',
    from: 18,
    change: ['alter table s.child alter constraint child_fk2 not enforced'],
    finds: 'constraint s.child.child_fk2: enforced',
    also: [
      'constraint s.child.child_fk2: definition',
      'constraint s.child.child_fk2: validated',
      'constraint s.child.child_fk2: triggers',
    ],
  },
  {
    what: 'the internal triggers of a foreign key are disabled',
    change: ['alter table s.child disable trigger all'],
    finds: 'constraint s.child.child_fk: triggers',
    also: ['constraint s.child.child_fk2: triggers'],
  },
  {
    what: 'a foreign key refers to another unique constraint of the same columns',
    setup: ['alter table s.parent add constraint parent_k2 unique (k)'],
    change: [
      'alter table s.child drop constraint child_fk',
      'alter table s.parent drop constraint parent_pkey',
      'alter table s.child add constraint child_fk foreign key (k) references s.parent (k) deferrable',
      'alter table s.parent add constraint parent_pkey primary key (k)',
    ],
    finds: 'constraint s.child.child_fk: index (strict)',
  },
  {
    what: 'an exclusion gets a predicate',
    change: [
      'alter table s.k drop constraint k_overlap',
      'alter table s.k add constraint k_overlap exclude using gist (during with &&) where (a > 0)',
    ],
    finds: 'constraint s.k.k_overlap: definition',
    also: ['index s.k_overlap: definition'],
  },
  {
    what: 'an exclusion gets another operator',
    change: [
      'alter table s.k drop constraint k_overlap',
      'alter table s.k add constraint k_overlap exclude using gist (during with -|-)',
    ],
    finds: 'constraint s.k.k_overlap: definition',
    also: ['constraint s.k.k_overlap: operators'],
  },
  {
    what: 'a key loses its period',
    from: 18,
    setup: ['drop table s.within18'],
    change: [
      'alter table s.period18 drop constraint period18_key',
      'alter table s.period18 add constraint period18_key primary key (id, during)',
    ],
    finds: 'constraint s.period18.period18_key: definition',
    also: [
      'index s.period18_key: definition',
      'constraint s.period18.period18_key: period',
      'constraint s.period18.period18_key: operators',
      'index s.period18_key: exclusion',
    ],
  },
  {
    what: 'a foreign key with a period goes',
    from: 18,
    change: ['alter table s.within18 drop constraint within18_fk'],
    finds: 'constraint s.within18.within18_fk: whole',
  },
  {
    what: 'a NOT NULL is renamed',
    from: 18,
    change: ['alter table s.strict18 rename constraint x_there to x_here'],
    finds: 'constraint s.strict18.x_here: whole',
    also: ['constraint s.strict18.x_there: whole'],
  },
  {
    what: 'a NOT NULL is not valid',
    from: 18,
    setup: ['alter table s.strict18 add constraint y_there not null y'],
    change: [
      'alter table s.strict18 drop constraint y_there',
      'alter table s.strict18 add constraint y_there not null y not valid',
    ],
    finds: 'constraint s.strict18.y_there: validated',
    also: ['constraint s.strict18.y_there: definition'],
  },
  {
    what: 'a NOT NULL is not inherited',
    from: 18,
    setup: ['alter table s.strict18 add constraint y_there not null y'],
    change: [
      'alter table s.strict18 drop constraint y_there',
      'alter table s.strict18 add constraint y_there not null y no inherit',
    ],
    finds: 'constraint s.strict18.y_there: noInherit',
    also: ['constraint s.strict18.y_there: definition'],
  },
  { what: 'an index comes', change: ['create index t_c on s.t (c)'], finds: 'index s.t_c: whole' },
  { what: 'an index goes', change: ['drop index s.t_a'], finds: 'index s.t_a: whole' },
  {
    what: 'an index is renamed',
    change: ['alter index s.t_a rename to t_a2'],
    finds: 'index s.t_a2: whole',
    also: ['index s.t_a: whole'],
  },
  ...(
    [
      ['includes a column', 's.t (a) include (b)', ['index s.t_a: statistics', 'index s.t_a: attributes (strict)']],
      ['gets a predicate', 's.t (a) where b > 0', []],
      ['is over an expression', 's.t (lower(a))', ['index s.t_a: attributes (strict)']],
      ['gets another operator class', 's.t (a text_pattern_ops)', []],
      ['gets another collation', 's.t (a collate "C")', []],
      ['gets another order', 's.t (a desc)', []],
      ['puts NULLs first', 's.t (a nulls first)', []],
      ['gets another method', 's.t using hash (a)', []],
      ['gets a second column', 's.t (a, b)', ['index s.t_a: statistics', 'index s.t_a: attributes (strict)']],
      ['gets an option', 's.t (a) with (fillfactor = 50)', []],
      [
        'gets an option of an operator class',
        "s.t using gist (to_tsvector('simple', a) tsvector_ops (siglen = 100))",
        ['index s.t_a: attributes (strict)'],
      ],
    ] as const
  ).map(
    ([what, definition, also]): Mutation => ({
      what: `an index ${what}`,
      change: ['drop index s.t_a', `create index t_a on ${definition}`],
      finds: 'index s.t_a: definition',
      also,
    }),
  ),
  {
    what: 'an index becomes unique',
    change: ['drop index s.t_a', 'create unique index t_a on s.t (a)'],
    finds: 'index s.t_a: definition',
  },
  ...(['valid', 'ready', 'live'] as const).map(
    (state): Mutation => ({
      what: `an index is no longer ${state}`,
      change: [
        'set local allow_system_table_mods = on',
        `update pg_index set indis${state} = false where indexrelid = 's.t_a'::regclass`,
      ],
      finds: `index s.t_a: ${state}`,
    }),
  ),
  {
    what: 'an index is marked for CLUSTER',
    change: ['alter table s.t cluster on t_a'],
    finds: 'index s.t_a: clustered',
  },
  {
    what: 'an index gets a statistics target',
    change: ['alter index s.t_b alter 1 set statistics 7'],
    finds: 'index s.t_b: statistics',
  },
  {
    what: 'an index moves to another tablespace',
    change: ['alter index s.t_a set tablespace mutation_space'],
    finds: 'index s.t_a: tablespace',
  },
  {
    what: 'an index depends on an extension',
    change: ['alter index s.t_a depends on extension hstore'],
    finds: 'extension dependency index s.t_a on hstore: whole',
  },
  {
    what: 'an index is attached to that of the parent',
    setup: ['create index part_at on only s.part (at)', 'create index part_1_at on s.part_1 (at)'],
    change: ['alter index s.part_at attach partition s.part_1_at'],
    finds: 'index s.part_1_at: parents',
    also: ['index s.part_at: valid'],
  },
  ...(
    [
      ['fires later', 'after insert on s.t for each row execute function s.touch()'],
      ['fires on another event', 'before update on s.t for each row execute function s.touch()'],
      ['fires on one column', 'before update of a on s.t for each row execute function s.touch()'],
      ['fires per statement', 'before insert on s.t for each statement execute function s.touch()'],
      ['gets a condition', 'before insert on s.t for each row when (new.b > 0) execute function s.touch()'],
      ['gets an argument', `before insert on s.t for each row execute function s.touch('x')`],
      ['gets another function', 'before insert on s.t for each row execute function s.touch2()'],
      [
        'gets a transition table',
        'after insert on s.t referencing new table as fresh for each statement execute function s.touch()',
      ],
    ] as const
  ).map(
    ([what, definition]): Mutation => ({
      what: `a trigger ${what}`,
      change: [`create or replace trigger t_touch ${definition}`],
      finds: 'trigger s.t.t_touch: definition',
    }),
  ),
  { what: 'a trigger goes', change: ['drop trigger t_touch on s.t'], finds: 'trigger s.t.t_touch: whole' },
  {
    what: 'a trigger is renamed',
    change: ['alter trigger t_touch on s.t rename to t_touch2'],
    finds: 'trigger s.t.t_touch2: whole',
    also: ['trigger s.t.t_touch: whole'],
  },
  {
    what: 'a trigger is disabled',
    change: ['alter table s.t disable trigger t_touch'],
    finds: 'trigger s.t.t_touch: enabled',
  },
  {
    what: 'a trigger fires only on a replica',
    change: ['alter table s.t enable replica trigger t_touch'],
    finds: 'trigger s.t.t_touch: enabled',
  },
  {
    what: 'a trigger fires always',
    change: ['alter table s.t enable always trigger t_touch'],
    finds: 'trigger s.t.t_touch: enabled',
  },
  {
    what: 'a constraint trigger is initially deferred',
    change: [
      'drop trigger t_late on s.t',
      'create constraint trigger t_late after insert on s.t deferrable initially deferred for each row execute function s.touch()',
    ],
    finds: 'trigger s.t.t_late: definition',
    also: ['constraint s.t.t_late: deferred', 'constraint s.t.t_late: definition'],
  },
  {
    what: 'a constraint trigger is no longer deferrable',
    change: [
      'drop trigger t_late on s.t',
      'create constraint trigger t_late after insert on s.t for each row execute function s.touch()',
    ],
    finds: 'trigger s.t.t_late: definition',
    also: ['constraint s.t.t_late: deferrable', 'constraint s.t.t_late: definition'],
  },
  {
    what: 'a trigger of a partition is disabled',
    setup: ['create trigger part_touch before insert on s.part for each row execute function s.touch()'],
    change: ['alter table s.part_1 disable trigger part_touch'],
    finds: 'trigger s.part_1.part_touch: enabled',
  },
  {
    what: 'a trigger depends on an extension',
    change: ['alter trigger t_touch on s.t depends on extension hstore'],
    finds: 'extension dependency trigger t_touch on s.t on hstore: whole',
  },
  {
    what: 'a rule changes',
    change: ['create or replace rule t_rule as on delete to s.t do also select 2'],
    finds: 'rule s.t.t_rule: definition',
  },
  {
    what: 'a rule does something instead',
    change: ['create or replace rule t_rule as on delete to s.t do instead select 1'],
    finds: 'rule s.t.t_rule: definition',
  },
  { what: 'a rule goes', change: ['drop rule t_rule on s.t'], finds: 'rule s.t.t_rule: whole' },
  { what: 'a rule is disabled', change: ['alter table s.t disable rule t_rule'], finds: 'rule s.t.t_rule: enabled' },
  {
    what: 'a rule applies only on a replica',
    change: ['alter table s.t enable replica rule t_rule'],
    finds: 'rule s.t.t_rule: enabled',
  },
  {
    what: 'the rule of a view is disabled',
    change: [
      'set local allow_system_table_mods = on',
      `update pg_rewrite set ev_enabled = 'D' where ev_class = 's.v'::regclass`,
    ],
    finds: 'view s.v: rule',
  },
  { what: 'a policy goes', change: ['drop policy t_policy on s.t'], finds: 'policy s.t.t_policy: whole' },
  {
    what: 'a policy lets other rows through',
    change: ['alter policy t_policy on s.t using (true)'],
    finds: 'policy s.t.t_policy: using',
  },
  {
    what: 'a policy applies to other roles',
    change: ['alter policy t_policy on s.t to public'],
    finds: 'policy s.t.t_policy: roles',
  },
  {
    what: 'a policy becomes restrictive',
    change: [
      'drop policy t_policy on s.t',
      'create policy t_policy on s.t as restrictive for select to pg_monitor using (b > 0)',
    ],
    finds: 'policy s.t.t_policy: permissive',
  },
  {
    what: 'a policy applies to another command',
    change: ['drop policy t_policy on s.t', 'create policy t_policy on s.t for delete to pg_monitor using (b > 0)'],
    finds: 'policy s.t.t_policy: command',
  },
  {
    what: 'a policy checks what is written',
    setup: ['create policy w on s.t'],
    change: ['alter policy w on s.t with check (b > 0)'],
    finds: 'policy s.t.w: withCheck',
  },
  { what: 'a statistics object goes', change: ['drop statistics s.stat'], finds: 'statistics s.stat: whole' },
  {
    what: 'a statistics object counts something else',
    change: ['drop statistics s.stat', 'create statistics s.stat (mcv) on a, b from s.t'],
    finds: 'statistics s.stat: definition',
  },
  {
    what: 'a statistics object covers other columns',
    change: ['drop statistics s.stat', 'create statistics s.stat (ndistinct) on a, c from s.t'],
    finds: 'statistics s.stat: definition',
  },
  {
    what: 'a statistics object gets a target',
    change: ['alter statistics s.stat set statistics 7'],
    finds: 'statistics s.stat: target',
  },
];
