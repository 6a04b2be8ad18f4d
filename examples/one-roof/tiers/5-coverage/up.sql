-- 35 collections x 6 duties: every gap is closed by the collection's owner.
insert into gov_coverage (id, collection, duty, owner)
select w.collection || ':' || d.duty, w.collection, d.duty, w.owner
from gov_ownership w
cross join gov_duties d;

create view gov_gaps as
select c.collection, d.duty
from gov_collections c
cross join gov_duties d
left join gov_coverage v on v.collection = c.collection and v.duty = d.duty
where v.collection is null;
