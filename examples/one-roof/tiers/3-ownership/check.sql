-- each governed collection has exactly one owner
select c.collection, count(w.owner)
from gov_collections c
left join gov_ownership w on w.collection = c.collection
group by c.collection
having count(w.owner) <> 1;
