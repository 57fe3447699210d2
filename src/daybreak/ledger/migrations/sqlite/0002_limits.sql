-- Limits that the runs of a ledger share, who claims what of them, and what a step waits for.
create table limits (
  name text primary key,
  units integer not null,
  set_by text not null,
  set_at text not null
) without rowid;
create table claims (
  ticket integer primary key autoincrement,
  run_id integer not null references runs (id),
  epoch integer not null,
  step text not null,
  uses text not null,
  claimed_at text not null,
  granted_at text,
  unique (run_id, step)
);
alter table steps add column waits_for text;
