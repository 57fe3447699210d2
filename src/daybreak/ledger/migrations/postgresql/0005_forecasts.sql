-- Forecasts that were made, so that runs can be compared with them.
create table daybreak_ledger.forecasts (
  id bigint generated always as identity primary key,
  job text not null,
  step text not null,
  databases text not null,
  workers bigint not null,
  made_at timestamptz not null,
  forecast text not null
);
create index forecasts_by_step on daybreak_ledger.forecasts (job, step, id);
