alter table gov_collections drop constraint if exists gov_collections_axis_known;

do $$
begin
  if to_regclass('public.gov_keep_axis') is not null then
    update public.gov_collections c set axis = k.axis, label = k.label from public.gov_keep_axis k where k.collection = c.collection;
    drop table public.gov_keep_axis;
  end if;
end $$;

delete from gov_axes where axis in ('people', 'knowledge', 'operations', 'service');
