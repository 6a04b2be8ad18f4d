-- The ledger of assignments, and the indexes for reading ownership.
create table gov_ledger (
  entry integer primary key,
  collection varchar(64) not null,
  owner varchar(32) not null,
  basis text not null
);

comment on table gov_ledger is 'Why each collection has the owner that it has';

create index gov_ownership_owner on gov_ownership (owner);
