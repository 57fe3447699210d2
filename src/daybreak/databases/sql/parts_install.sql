create table if not exists daybreak.parts (
  run_key text not null,
  step text not null,
  pass integer not null,
  range_after text not null,
  epoch bigint not null,
  number integer not null,
  name text not null,
  records_held bigint not null,
  bytes_held bigint not null,
  digest text not null,
  primary key (run_key, step, pass, name)
);
create table if not exists daybreak.publications (
  run_key text not null,
  step text not null,
  pass integer not null,
  epoch bigint not null,
  status text not null,
  place text not null,
  parts_digest text not null,
  bytes_held bigint,
  digest text,
  said_at text not null,
  primary key (run_key, step, pass)
);
