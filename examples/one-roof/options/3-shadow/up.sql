-- An inert shadow: the structure and the seed ahead of time, "switched off", waiting for the gate.
create table gov_ledger (
  entry integer primary key,
  collection varchar(64) not null,
  owner varchar(32) not null,
  basis text not null
);

insert into gov_ownership (id, collection, owner, assigned_on)
select collection || ':GOV-COUNCIL', collection, 'GOV-COUNCIL', date '2026-06-03' from gov_collections;
