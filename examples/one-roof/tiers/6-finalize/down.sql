drop view if exists gov_status;

drop index if exists gov_ownership_one_owner;
