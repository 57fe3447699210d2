-- The first shape of the ledger: one row about itself, runs, steps, measurements, audit.
create table meta (
  ledger_id text not null,
  version integer not null,
  last_run_id integer not null
);
create table runs (
  id integer primary key,
  job text not null,
  job_file text not null,
  identity_key text not null unique,
  family_key text not null,
  number integer not null,
  night text,
  parameters text not null,
  databases text not null,
  folder text not null,
  status text not null,
  epoch integer not null,
  owner_host text,
  owner_pid integer,
  owner_lock text,
  beat integer not null,
  lease_s real,
  lease_until text,
  created_at text not null,
  started_at text,
  ended_at text,
  error text
);
create index runs_by_family on runs (family_key, id);
create table steps (
  run_id integer not null references runs (id),
  step text not null,
  position integer,
  impact text,
  status text not null,
  pass integer not null,
  range_after text,
  range_upto text,
  total integer,
  fingerprint text,
  records_read integer,
  records_passed integer,
  records_filtered integer,
  records_quarantined integer,
  records_superseded integer,
  rows_written integer,
  value text,
  error text,
  code text,
  started_at text,
  ended_at text,
  primary key (run_id, step)
) without rowid;
create table measurements (
  run_id integer not null references runs (id),
  step text not null,
  pass integer not null,
  range_after text not null,
  range_upto text not null,
  records_read integer not null,
  records_passed integer not null,
  records_filtered integer not null,
  records_quarantined integer not null,
  records_superseded integer not null,
  rows_written integer not null,
  bytes_read integer not null,
  duration_s real not null,
  committed_at text not null,
  primary key (run_id, step, pass, range_after)
) without rowid;
create table audit (
  id integer primary key autoincrement,
  note_id text not null unique,
  run_id integer not null references runs (id),
  at text not null,
  who text not null,
  what text not null,
  details text not null
);
create index audit_by_run on audit (run_id, id);
