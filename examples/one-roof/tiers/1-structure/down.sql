drop index if exists gov_ownership_owner;

drop table if exists gov_ledger;
