create table if not exists daybreak.parts (
  run_key varchar(64) not null,
  step varchar(255) not null,
  pass integer not null,
  range_after longtext not null,
  epoch bigint not null,
  number integer not null,
  name varchar(400) not null,
  records_held bigint not null,
  bytes_held bigint not null,
  digest longtext not null,
  primary key (run_key, step, pass, name)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
create table if not exists daybreak.publications (
  run_key varchar(64) not null,
  step varchar(255) not null,
  pass integer not null,
  epoch bigint not null,
  status longtext not null,
  place longtext not null,
  parts_digest longtext not null,
  bytes_held bigint,
  digest longtext,
  said_at longtext not null,
  primary key (run_key, step, pass)
) engine = InnoDB, default charset = utf8mb4, collate = utf8mb4_bin, row_format = dynamic;
