-- Limits that the runs of a ledger share, who claims what of them, and what a step waits for.
create table daybreak_ledger.limits (
  name text primary key,
  units bigint not null,
  set_by text not null,
  set_at timestamptz not null
);
create table daybreak_ledger.claims (
  ticket bigint generated always as identity primary key,
  run_id bigint not null references daybreak_ledger.runs (id),
  epoch bigint not null,
  step text not null,
  uses text not null,
  claimed_at timestamptz not null,
  granted_at timestamptz,
  unique (run_id, step)
);
alter table daybreak_ledger.steps add column waits_for text;
