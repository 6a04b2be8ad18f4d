import { pinned } from './session.sql.ts';

/**
 * How a step with bounds runs: once for each batch of keys, each in a transaction of its own. The gate chooses the bounds from the table and
 * keeps where it is in `gate.steps`; the executor can neither choose nor skip nor repeat a batch.
 *
 * Source  docs/FORMAT.md "Batches", docs/decisions/0073-batches.md
 */
export const batchFunctions = String.raw`
-- The batch of a step, as sealed: schema, table, by, rows. Null: the step runs once.
create function gate.batch_of(of_statement text, of_direction text, of_tier text, of_n integer) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select (b.batched #> array[of_direction, (of_n - 1)::text]) || jsonb_build_object('by', b.batched -> 'by', 'rows', b.batched -> 'rows')
  from (select gate.tier_of(of_statement, of_tier) -> 'batched' as batched) b where jsonb_typeof(b.batched #> array[of_direction, (of_n - 1)::text]) = 'object'
$gate$;

-- The table and the key of a batch, as SQL names them; refuses a key that could be null, or the same in two rows: then a batch has no bound.
-- Neither holds for the children of an inheritance, and since 18 not for a NOT NULL that is not valid.
create function gate.key_of(batch jsonb, out relation text, out key text, out kind text, out expected bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  of_table oid; number smallint; collated oid;
begin
  select c.oid, a.attnum, a.attcollation, quote_ident(a.attname), case when a.atttypid in (20, 21, 23) then 'bigint' when a.atttypid in (25, 1043) then 'text'
      when a.atttypid in (1184, 2950) then a.atttypid::regtype::text end
    into of_table, number, collated, key, kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = batch ->> 'schema' and c.relname = batch ->> 'table' and c.relkind in ('r', 'p') and a.attname = batch ->> 'by' and a.attnotnull
      and not exists (select from pg_constraint o where o.conrelid = c.oid and o.contype = 'n' and not o.convalidated and o.conkey = array[a.attnum])
      and not (c.relkind = 'r' and exists (select from pg_inherits i where i.inhparent = c.oid));
  if kind is null or not exists (select from pg_index i where i.indrelid = of_table and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indkey[0] = number
      and i.indcollation[0] = collated and i.indpred is null and i.indexprs is null) then
    perform gate.refuse('schema', format('%s of %I.%I bounds no batch: it must be NOT NULL, of a type that batches may have, with a unique index on it alone, in a table without children', batch ->> 'by', batch ->> 'schema', batch ->> 'table'));
  end if;
  relation := format('%I.%I', batch ->> 'schema', batch ->> 'table');
  expected := (select nullif(sum(greatest(c.reltuples, 0)), 0)::bigint from pg_partition_tree(of_table) p join pg_class c on c.oid = p.relid where p.isleaf);
  if expected is null then expected := (select nullif(greatest(c.reltuples, 0), 0)::bigint from pg_class c where c.oid = of_table); end if;
end $gate$;

-- Only gate.run_batch calls it, like gate.claim_step. after: the last key of the previous batch; last: the last key of all, null before the first batch.
create function gate.claim_batch(of_statement text, of_direction text, of_tier text, of_n integer, step text,
  out secret bytea, out path text, out relation text, out key text, out kind text, out most bigint, out after text, out last text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  batch jsonb := gate.batch_of(of_statement, of_direction, of_tier, of_n); begun gate.steps; named record;
begin
  select c.secret, c.path into secret, path from gate.claim_step(of_statement, of_direction, of_tier, of_n, step) c;
  if ((batch ->> 'rows')::bigint between 1 and 1000000) is not true then perform gate.refuse('step', 'this step does not run in batches'); end if;
  select s.* into begun from gate.steps s where s.token = sha256(secret);
  -- otherwise one transaction could hold the rows of all batches
  if begun.xid is not distinct from pg_current_xact_id() then perform gate.refuse('order', 'a batch of this step has run in this transaction'); end if;
  named := gate.key_of(batch);
  relation := named.relation; key := named.key; kind := named.kind; most := (batch ->> 'rows')::bigint; after := begun.after; last := begun.last;
  if begun.batches = 0 then update gate.steps s set expected = named.expected where s.token = sha256(secret); end if;
end $gate$;

-- The keys of the next batch, by the index: the first and the last of them, and how many. last: the last key that the table has when the step
-- begins. Later keys are not the step's business: it ends, however many rows arrive meanwhile. All null: no key is left.
create function gate.next_keys(relation text, key text, kind text, most bigint, after text, inout last text, out low text, out high text, out keys bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp %PINNED% set "TimeZone" = 'UTC' as $gate$
begin
  if last is null then execute format('select t.%1$s::text from %2$s t where t.%1$s is not null order by t.%1$s desc limit 1', key, relation) into last; end if;
  execute format('select k[1]::text, k[cardinality(k)]::text, cardinality(k) from (select array_agg(k order by k) as k from (select t.%1$s as k from %2$s t
    where t.%1$s <= $1::%3$s and %4$s order by t.%1$s limit $3) s) a', key, relation, kind, case when after is null then 'true' else format('t.%s > $2::%s', key, kind) end)
    into low, high, keys using last, after, most;
end $gate$;

-- A separate function, like gate.execute_step. The bounds are values, never text of the statement.
create function gate.execute_batch(step text, path text, kind text, low text, high text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp %PINNED% as $gate$
declare
  n bigint[]; u uuid[]; m timestamptz[];
begin
  if kind = 'bigint' then n := array[low, high]; elsif kind = 'uuid' then u := array[low, high]; elsif kind <> 'text' then m := array[low, high]; end if;
  perform pg_catalog.set_config('search_path', path, true);
  if n is not null then execute step using n[1], n[2];
  elsif u is not null then execute step using u[1], u[2];
  elsif m is not null then execute step using m[1], m[2];
  else execute step using low, high; end if;
end $gate$;

-- Keeps where the step is in the transaction of the batch. The step has run once its last key is in a batch.
create function gate.finish_batch(secret bytea, of_last text, high text, of_keys bigint) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  s gate.steps; is_last boolean := coalesce(high is null or high = of_last, false);
begin
  update gate.steps set batches = batches + case when high is null then 0 else 1 end, keys = keys + coalesce(of_keys, 0), after = coalesce(high, after), last = of_last, xid = pg_current_xact_id()
    where token = sha256(secret) returning * into s;
  if not found then perform gate.refuse('order', 'no such step is running'); end if;
  perform gate.finish_step(secret, is_last);
  return jsonb_build_object('batches', s.batches, 'keys', s.keys, 'expected', s.expected, 'done', is_last);
end $gate$;

-- Like gate.run_step, it is no function of the application's owner.
create function gate.run_batch(of_statement text, of_direction text, of_tier text, of_n integer, step text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  claimed record := gate.claim_batch(of_statement, of_direction, of_tier, of_n, step); batch record;
begin
  batch := gate.next_keys(claimed.relation, claimed.key, claimed.kind, claimed.most, claimed.after, claimed.last);
  if batch.low is not null then perform gate.execute_batch(step, claimed.path, claimed.kind, batch.low, batch.high); end if;
  return gate.finish_batch(claimed.secret, batch.last, batch.high, batch.keys);
end $gate$;

-- How far the steps with bounds are; no key of the table is in it.
create function gate.batches_of(of_statement text) returns table (tier text, direction text, n integer, batches integer, keys bigint, expected bigint, done boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.tier, s.direction, s.n, s.batches, s.keys, s.expected, s.done_at is not null from gate.steps s
  where s.statement = of_statement and s.token is null and s.xid is not null order by s.tier, s.n
$gate$;
`.replaceAll('%PINNED%', () => pinned);
