-- What rows.sql works with, for this session alone.
create temporary view corpus_tables as
  select c.oid::regclass as relation, c.relname as table_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema';

create temporary view corpus_columns as
  select a.attrelid::regclass as relation, a.attname as name, a.attnum as number, format_type(a.atttypid, a.atttypmod) as type,
    t.typcategory as category, t.typtype as kind, a.attnotnull as required,
    case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end as size,
    -- a word that a CHECK of the column allows
    (select (regexp_match(pg_get_constraintdef(k.oid), '''([^'']*)'''))[1] from pg_constraint k
      where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum] limit 1) as allowed,
    -- the column that a foreign key names
    f.parent, f.parent_column
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  left join lateral (
    select k.confrelid::regclass as parent, p.attname as parent_column
    from pg_constraint k cross join lateral unnest(k.conkey, k.confkey) as pair(mine, theirs)
    join pg_attribute p on p.attrelid = k.confrelid and p.attnum = pair.theirs
    where k.conrelid = a.attrelid and k.contype = 'f' and pair.mine = a.attnum order by cardinality(k.conkey) limit 1) f on true
  where a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
    and not exists (select from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum
      and pg_get_expr(d.adbin, d.adrelid) like 'nextval(%');

create function pg_temp.corpus_is_empty(relation regclass) returns boolean language plpgsql as $$
declare
  found boolean;
begin
  execute format('select not exists (select from %s)', relation) into found;
  return found;
end $$;

create function pg_temp.corpus_value(c corpus_columns, n int) returns text language sql as $$
  select case
    when c.parent is not null then format('(select %I from %s order by 1 offset %s limit 1)', c.parent_column, c.parent, (n - 1) % 4)
    when c.kind = 'e' then (select quote_literal(enumlabel) from pg_enum where enumtypid = c.type::regtype order by enumsortorder
      offset (n - 1) % (select count(*)::int from pg_enum where enumtypid = c.type::regtype) limit 1)
    when c.category = 'S' and c.allowed is not null then quote_literal(c.allowed)
    when c.category = 'S' then quote_literal(right(c.name || '-' || n, coalesce(c.size, 1000)))
    when c.category = 'A' then quote_literal('{}')
    when c.category = 'N' then n::text
    when c.category = 'B' then (n % 2 = 1)::text
    when c.category = 'D' then format('timestamp %L', timestamp '2024-01-01 10:00' + n * interval '1 day 1 second')
    when c.category = 'T' then format('interval %L', n || ' hours')
    when c.category = 'I' then quote_literal('10.0.0.' || n)
    when c.type = 'uuid' then quote_literal(md5(c.name || n)::uuid)
    when c.type = 'bytea' then format('decode(%L, ''hex'')', md5(c.name || n))
    when c.type like 'json%' then quote_literal(format('{"n": %s, "name": "%s"}', n, c.name))
    else quote_literal(n::text)
  end $$;

-- false where a constraint or a trigger does not take the row
create function pg_temp.corpus_insert(target regclass, n int, everything boolean, given_name name, given text) returns boolean language plpgsql as $$
declare
  names text;
  vals text;
begin
  select string_agg(quote_ident(name), ', ' order by number),
    string_agg(case when name = given_name then quote_literal(given) else pg_temp.corpus_value(c, n) end, ', ' order by number)
  into names, vals
  from corpus_columns c where relation = target and (everything or required or name = given_name);
  if names is null then
    execute format('insert into %s default values', target);
  else
    execute format('insert into %s (%s) values (%s)', target, names, vals);
  end if;
  return true;
exception when others then
  return false;
end $$;
