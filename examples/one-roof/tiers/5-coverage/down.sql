drop view if exists gov_gaps;

delete from gov_coverage v using gov_ownership w where w.collection = v.collection and w.owner = v.owner;
