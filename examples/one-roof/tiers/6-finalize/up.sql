-- Keeps what was reached: one owner for a collection, and one view to read it from.
create unique index gov_ownership_one_owner on gov_ownership (collection);

create view gov_status as
select w.owner, c.axis, count(*) as collections
from gov_ownership w
join gov_collections c on c.collection = w.collection
group by w.owner, c.axis;

grant select on gov_status to public;
