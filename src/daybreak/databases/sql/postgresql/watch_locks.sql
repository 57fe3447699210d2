-- What some sessions wait for, in words, and who has it. Who waits for a row waits for the
-- transaction that wrote it: which table it is of is told by the lock on the row, if there is one,
-- else by the only table that both have written to.
select
  case
    when waits.locktype in ('transactionid', 'tuple', 'spectoken') then coalesce(
      'a row of ' || coalesce(
        waits.relation,
        (
          select max(rows.relation)::regclass from pg_locks rows
          where rows.pid = waits.pid and rows.locktype = 'tuple' and rows.granted
        )
      )::regclass::text,
      'a row or key of ' || (
        select max(mine.relation)::regclass::text
        from pg_locks mine
        join pg_locks theirs on theirs.relation = mine.relation and theirs.database = mine.database
        join pg_class on pg_class.oid = mine.relation and pg_class.relkind in ('r', 'p')
        where mine.pid = waits.pid and theirs.pid = any(holders.pids)
          and mine.mode = 'RowExclusiveLock' and theirs.mode = 'RowExclusiveLock'
          and pg_class.relnamespace <> coalesce(to_regnamespace('daybreak'), 0)
          and pg_class.relpersistence <> 't'
        having count(distinct mine.relation) = 1
      ),
      'a row or key'
    )
    when waits.locktype = 'advisory' then 'advisory lock ' || waits.objid
    when waits.relation is null then waits.locktype
    when waits.locktype = 'relation' then 'table ' || waits.relation::regclass::text
    else waits.locktype || ' of ' || waits.relation::regclass::text
  end as locked,
  coalesce(
    (
      select string_agg(
        distinct coalesce(nullif(application_name, ''), 'user ' || usename, 'somebody'), ', '
      )
      from pg_stat_activity
      where pid = any(holders.pids)
    ),
    ''
  ) as holder
from pg_locks waits
cross join lateral (select pg_blocking_pids(waits.pid) as pids) holders
where waits.pid = any(:pids::integer[]) and not waits.granted
