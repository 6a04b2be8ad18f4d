import type { Template } from './oracle.chooser.ts';

/** Constraints, indexes, triggers, rules, policies, statistics. */
export const partTemplates: readonly Template[] = [
  (c) => {
    const [of, name] = c.part('column');
    return `alter table ${of} add constraint ${c.fresh()} check (${name} is not null or ${c.number()} > 4) ${c.of('', 'not valid', 'no inherit')}`;
  },
  (c) => {
    const [of, name] = c.part('column');
    return `alter table ${of} add constraint ${c.fresh()} unique ${c.of('', 'nulls not distinct')} (${name}) ${c.of('', 'deferrable', 'deferrable initially deferred', 'with (fillfactor = 50)')}`;
  },
  (c) =>
    `alter table ${c.one('table')} add constraint ${c.fresh()} ${c.of('primary key (a)', 'primary key (x)', 'unique (a) include (b)', 'exclude (a with =)', 'exclude using gist (during with &&) where (a > 2)')}`,
  (c) =>
    `alter table s.child add constraint ${c.fresh()} foreign key (k, l) references s.parent (k, l) ${c.of('', 'match full', 'on delete cascade', 'on update set null', 'on delete set null (l)', 'not valid', 'deferrable initially deferred')}`,
  (c) =>
    `alter table s.child alter constraint ${c.of('child_fk', 'child_fk2')} ${c.of('deferrable', 'not deferrable', 'deferrable initially deferred')}`,
  (c) => {
    const [of, name] = c.part('constraint');
    return `alter table ${of} ${c.of(`drop constraint ${name} cascade`, `rename constraint ${name} to ${c.fresh()}`, `validate constraint ${name}`)}`;
  },
  (c) => {
    const [of, name] = c.part('constraint');
    return `comment on constraint ${name} on ${of} is ${c.of(`'c'`, `'d'`, 'null')}`;
  },
  (c) => {
    const [of, name] = c.part('column');
    return `create ${c.of('', 'unique')} index ${c.fresh()} on ${of} (${name} ${c.of('', 'desc', 'nulls first', 'desc nulls last')}) ${c.of('', `where ${name} is not null`, 'with (fillfactor = 60)', 'nulls not distinct')}`;
  },
  (c) => {
    const [of, name] = c.part('column');
    return `create index ${c.fresh()} on ${of} ${c.of(`((${name} is null))`, `using hash (${name})`, `(${name}) include (${c.columnOf(of)})`, `using brin (${name}) with (pages_per_range = 7)`)}`;
  },
  (c) =>
    `create index ${c.fresh()} on s.t (${c.of('a text_pattern_ops', 'a collate "C"', 'lower(a)', 'id s.class', 'id, a desc', 'v varchar_pattern_ops')})`,
  (c) => `drop index ${c.one('index')}`,
  (c) => `alter index ${c.one('index')} rename to ${c.fresh()}`,
  (c) =>
    `alter index ${c.one('index')} ${c.of('set (fillfactor = 70)', 'reset (fillfactor)', 'depends on extension hstore', 'no depends on extension hstore')}`,
  (c) => `alter index s.t_b alter 1 set statistics ${c.of(0, 7, 100, -1)}`,
  (c) => `comment on index ${c.one('index')} is ${c.of(`'c'`, `'d'`, 'null')}`,
  (c) =>
    `create or replace trigger ${c.of('t_touch', c.fresh())} ${c.of('before insert', 'after update', 'before update or delete')} on ${c.one('table')} for each ${c.of('row', 'statement')} ${c.of('', 'when (pg_trigger_depth() = 0)')} execute function ${c.of('s.touch()', 's.touch2()', `s.touch('x')`)}`,
  (c) =>
    `create trigger ${c.fresh()} after insert on ${c.one('table')} referencing new table as fresh for each statement execute function s.touch()`,
  (c) =>
    `create constraint trigger ${c.fresh()} after insert on ${c.one('table')} ${c.of('', 'deferrable', 'deferrable initially deferred')} for each row execute function s.touch()`,
  (c) => `create trigger ${c.fresh()} instead of insert on ${c.one('view')} for each row execute function s.touch()`,
  (c) => {
    const [of, name] = c.part('trigger');
    return c.of(
      `alter table ${of} disable trigger ${name}`,
      `alter table ${of} enable always trigger ${name}`,
      `alter table ${of} enable replica trigger ${name}`,
      `alter table ${of} enable trigger ${name}`,
      `drop trigger ${name} on ${of} cascade`,
      `alter trigger ${name} on ${of} rename to ${c.fresh()}`,
      `comment on trigger ${name} on ${of} is 't${c.number()}'`,
      `alter trigger ${name} on ${of} depends on extension hstore`,
    );
  },
  (c) =>
    `alter table ${c.of('s.child', 's.parent')} ${c.of('disable trigger all', 'enable trigger all', 'disable trigger user')}`,
  (c) =>
    `create or replace rule ${c.of('t_rule', c.fresh())} as on ${c.of('delete', 'insert', 'update')} to ${c.one('table')} ${c.of('', `where ${c.number()} > 4`)} do ${c.of('also', 'instead')} ${c.of('nothing', 'select 1', `notify n${c.number()}`)}`,
  (c) => {
    const [of, name] = c.part('rule');
    return c.of(
      `alter table ${of} disable rule ${name}`,
      `alter table ${of} enable always rule ${name}`,
      `alter table ${of} enable rule ${name}`,
      `drop rule ${name} on ${of}`,
      `alter rule ${name} on ${of} rename to ${c.fresh()}`,
      `comment on rule ${name} on ${of} is 'r${c.number()}'`,
    );
  },
  (c) =>
    `create policy ${c.fresh()} on ${c.one('table')} as ${c.of('permissive', 'restrictive')} for ${c.of('all', 'select', 'update', 'delete')} to ${c.of('public', 'pg_monitor', 'current_user, pg_monitor')} using (${c.number()} > 4)`,
  (c) => {
    const [of, name] = c.part('policy');
    return c.of(
      `alter policy ${name} on ${of} using (${c.number()} > 3)`,
      `alter policy ${name} on ${of} to ${c.role()}`,
      `alter policy ${name} on ${of} rename to ${c.fresh()}`,
      `drop policy ${name} on ${of}`,
      `comment on policy ${name} on ${of} is 'p${c.number()}'`,
    );
  },
  (c) =>
    `create statistics s.${c.fresh()} ${c.of('', '(ndistinct)', '(mcv, dependencies)')} on ${c.of('a, b', 'a, c', 'id, b, c', '(b + 1), a', 'lower(a), b')} from s.t`,
  (c) => {
    const name = c.one('statistics');
    return c.of(
      `alter statistics ${name} set statistics ${c.of(0, 7, -1)}`,
      `alter statistics ${name} owner to ${c.role()}`,
      `alter statistics ${name} rename to ${c.fresh()}`,
      `comment on statistics ${name} is 's${c.number()}'`,
      `drop statistics ${name}`,
    );
  },
];
