create schema if not exists daybreak;
create table if not exists daybreak.epochs (
  run_key text not null,
  epoch bigint not null,
  ledger_id text not null,
  run_id text not null,
  owner text not null,
  announced_at text not null,
  closed_at text,
  held bigint not null default 0,
  primary key (run_key, epoch)
);
create table if not exists daybreak.markers (
  run_key text not null,
  step text not null,
  pass integer not null,
  range_after text not null,
  range_upto text not null,
  epoch bigint not null,
  records_read bigint,
  records_passed bigint,
  records_filtered bigint,
  records_quarantined bigint,
  records_superseded bigint,
  records_refused bigint,
  rows_written bigint,
  bytes_read bigint,
  digest text,
  duration_s double,
  value text,
  committed_at text,
  primary key (run_key, step, pass, range_after)
);
create table if not exists daybreak.quarantine (
  run_key text not null,
  run_id text not null,
  step text not null,
  pass integer not null,
  range_after text not null,
  origin bigint not null,
  place text not null,
  stage text not null,
  reason text not null,
  details text not null,
  raw blob not null,
  by_check boolean not null,
  set_aside_at text not null,
  primary key (run_key, step, pass, range_after, origin)
);
create table if not exists daybreak.replays (
  run_key text not null,
  step text not null,
  pass integer not null,
  epoch bigint not null,
  number integer not null,
  records_taken bigint,
  records_passed bigint,
  records_filtered bigint,
  records_quarantined bigint,
  records_superseded bigint,
  rows_written bigint,
  replayed_at text,
  primary key (run_key, step, pass, epoch, number)
);
