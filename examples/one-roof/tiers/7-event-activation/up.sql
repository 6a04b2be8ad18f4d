-- Every new coverage would be an event that other systems act on.
create function gov_emit() returns trigger
language plpgsql
as $$
begin
  insert into public.gov_events (kind, collection, payload, emitted_at)
  values ('coverage', new.collection, json_build_object('duty', new.duty, 'owner', new.owner), timestamptz '2026-06-03 00:00+00');
  return new;
end
$$;

create trigger gov_emit after insert on gov_coverage for each row execute function gov_emit();
