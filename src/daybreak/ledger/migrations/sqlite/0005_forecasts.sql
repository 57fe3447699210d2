-- Forecasts that were made, so that runs can be compared with them.
create table forecasts (
  id integer primary key autoincrement,
  job text not null,
  step text not null,
  databases text not null,
  workers integer not null,
  made_at text not null,
  forecast text not null
);
create index forecasts_by_step on forecasts (job, step, id);
