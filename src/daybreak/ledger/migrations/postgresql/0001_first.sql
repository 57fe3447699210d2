-- The first shape of the ledger: one row about itself, runs, steps, measurements, audit.
do $$
begin
  -- Asked first: even `if not exists` needs a right that the owner of a prepared schema may lack.
  if not exists (select from pg_namespace where nspname = 'daybreak_ledger') then
    create schema daybreak_ledger;
  end if;
end
$$;
create table daybreak_ledger.meta (
  ledger_id text not null,
  version integer not null,
  last_run_id bigint not null
);
create table daybreak_ledger.runs (
  id bigint primary key,
  job text not null,
  job_file text not null,
  identity_key text not null unique,
  family_key text not null,
  number integer not null,
  night date,
  parameters text not null,
  databases text not null,
  folder text not null,
  status text not null,
  epoch bigint not null,
  owner_host text,
  owner_pid integer,
  owner_lock text,
  beat bigint not null,
  lease_s double precision,
  lease_until timestamptz,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  error text
);
create index runs_by_family on daybreak_ledger.runs (family_key, id);
create table daybreak_ledger.steps (
  run_id bigint not null references daybreak_ledger.runs (id),
  step text not null,
  position integer,
  impact text,
  status text not null,
  pass integer not null,
  range_after text,
  range_upto text,
  total bigint,
  fingerprint text,
  records_read bigint,
  records_passed bigint,
  records_filtered bigint,
  records_quarantined bigint,
  records_superseded bigint,
  rows_written bigint,
  value text,
  error text,
  code text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (run_id, step)
);
create table daybreak_ledger.measurements (
  run_id bigint not null references daybreak_ledger.runs (id),
  step text not null,
  pass integer not null,
  range_after text not null,
  range_upto text not null,
  records_read bigint not null,
  records_passed bigint not null,
  records_filtered bigint not null,
  records_quarantined bigint not null,
  records_superseded bigint not null,
  rows_written bigint not null,
  bytes_read bigint not null,
  duration_s double precision not null,
  committed_at timestamptz not null,
  primary key (run_id, step, pass, range_after)
);
create table daybreak_ledger.audit (
  id bigint generated always as identity primary key,
  note_id text not null unique,
  run_id bigint not null references daybreak_ledger.runs (id),
  at timestamptz not null,
  who text not null,
  what text not null,
  details text not null
);
create index audit_by_run on daybreak_ledger.audit (run_id, id);
