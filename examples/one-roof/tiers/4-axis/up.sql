-- Each collection is placed on an axis. The previous value is kept, so that the rollback restores it exactly.
create table gov_keep_axis as select collection, label, axis from gov_collections;

insert into gov_axes (axis, title) values
  ('people', 'People and organizations'),
  ('knowledge', 'Knowledge and pages'),
  ('operations', 'Operations'),
  ('service', 'Service');

update gov_collections c
set axis = case w.owner when 'GOV-COUNCIL' then 'people' when 'KG-SYS' then 'knowledge' when 'DOT' then 'operations' else 'service' end,
  label = case when c.label_rule = 'plural' then rtrim(c.label, 's') || 's' else c.label end
from gov_ownership w
where w.collection = c.collection;

alter table gov_collections add constraint gov_collections_axis_known foreign key (axis) references gov_axes (axis) not valid;

alter table gov_collections validate constraint gov_collections_axis_known;
