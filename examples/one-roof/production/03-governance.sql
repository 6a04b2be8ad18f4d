-- Governance, as it stands before the release: made in Directus, and empty but for the inventory and the kinds of duty.
create table gov_duties (duty varchar(32) primary key, title varchar(255) not null);
create table gov_collections (collection varchar(64) primary key, label varchar(255) not null, label_rule varchar(64), axis varchar(32), sort integer not null);
create table gov_owners (owner varchar(32) primary key, title varchar(255) not null, level integer not null);
-- Directus takes a table as a collection only where its primary key is one column
create table gov_ownership (id varchar(128) primary key, collection varchar(64) not null, owner varchar(32) not null, assigned_on date not null, unique (collection, owner));
create table gov_coverage (id varchar(128) primary key, collection varchar(64) not null, duty varchar(32) not null, owner varchar(32) not null, unique (collection, duty));
create table gov_axes (axis varchar(32) primary key, title varchar(255) not null);
create table gov_events (id bigserial primary key, kind varchar(64) not null, collection varchar(64), payload json, emitted_at timestamptz not null);
create table system_issues (id integer primary key, collection varchar(64) not null, severity smallint not null, code varchar(16) not null, found_on date not null);
create index system_issues_collection on system_issues (collection);
