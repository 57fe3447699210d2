-- Ranges begin at cursors of any length, which no index of these databases holds: so their hash
-- stands in the keys.
create table if not exists daybreak.epochs (
  run_key varchar(64) not null,
  epoch bigint not null,
  ledger_id longtext not null,
  run_id longtext not null,
  owner longtext not null,
  announced_at longtext not null,
  closed_at longtext,
  primary key (run_key, epoch)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
create table if not exists daybreak.markers (
  run_key varchar(64) not null,
  step varchar(255) not null,
  pass integer not null,
  range_after longtext not null,
  range_hash binary(32) as (unhex(sha2(range_after, 256))) stored,
  range_upto longtext not null,
  epoch bigint not null,
  records_read bigint,
  records_passed bigint,
  records_filtered bigint,
  records_quarantined bigint,
  records_superseded bigint,
  records_refused bigint,
  rows_written bigint,
  bytes_read bigint,
  digest longtext,
  duration_s double,
  value longtext,
  committed_at longtext,
  unique key one_range (run_key, step, pass, range_hash)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
create table if not exists daybreak.quarantine (
  run_key varchar(64) not null,
  run_id longtext not null,
  step varchar(255) not null,
  pass integer not null,
  range_after longtext not null,
  range_hash binary(32) as (unhex(sha2(range_after, 256))) stored,
  origin bigint not null,
  place longtext not null,
  stage longtext not null,
  reason longtext not null,
  details longtext not null,
  raw longblob not null,
  by_check boolean not null,
  set_aside_at longtext not null,
  unique key one_range (run_key, step, pass, range_hash, origin)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
create table if not exists daybreak.replays (
  run_key varchar(64) not null,
  step varchar(255) not null,
  pass integer not null,
  epoch bigint not null,
  number integer not null,
  records_taken bigint,
  records_passed bigint,
  records_filtered bigint,
  records_quarantined bigint,
  records_superseded bigint,
  rows_written bigint,
  replayed_at longtext,
  primary key (run_key, step, pass, epoch, number)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
