select count(*)
from gov_collections c
cross join gov_duties d
where not exists (select from gov_coverage v where v.collection = c.collection and v.duty = d.duty)
