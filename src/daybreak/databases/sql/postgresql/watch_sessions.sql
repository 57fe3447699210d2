-- The sessions with this database, but for those that only keep it open: which are watched, what each
-- waits for and, if that is a lock, of what it is and who has it; how long a transaction of a worker
-- has been open, for who only reads is in nobody's way. What another user's session does may be hidden:
-- it is taken to be at work. Who waits for a row waits for the transaction that wrote it: its table is
-- told by the lock on the row, if there is one, else by the only table that both have written to.
with sessions as materialized (
  select
    pid,
    :application::text in ('', application_name) as is_ours,
    state is distinct from 'idle' as is_at_work,
    coalesce(wait_event_type, '') as kind,
    coalesce(wait_event, '') as event,
    case
      when application_name like 'daybreak:%:%'
        then coalesce(extract(epoch from clock_timestamp() - xact_start), 0)
      else 0
    end::float8 as transaction_s
  from pg_stat_activity
  where datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type in ('client backend', 'parallel worker')
    and application_name not in ('daybreak:watch', 'daybreak:scratch', 'daybreak:ledger')
),
locks as (
  select
    waits.pid,
    coalesce(
      waits.relation,
      (
        select max(rows.relation) from pg_locks rows
        where rows.pid = waits.pid and rows.locktype = 'tuple' and rows.granted
      ),
      (
        select max(mine.relation)
        from pg_locks mine
        join pg_locks theirs on theirs.relation = mine.relation and theirs.database = mine.database
        join pg_class on pg_class.oid = mine.relation and pg_class.relkind in ('r', 'p')
        where waits.locktype in ('transactionid', 'spectoken', 'speculative token')
          and mine.pid = waits.pid and theirs.pid = any(holders.pids)
          and mine.mode = 'RowExclusiveLock' and theirs.mode = 'RowExclusiveLock'
          and pg_class.relnamespace <> coalesce(to_regnamespace('daybreak'), 0)
          and pg_class.relpersistence <> 't'
        having count(distinct mine.relation) = 1
      )
    )::regclass::text as relation,
    waits.objid as number,
    (
      select string_agg(
        distinct coalesce(nullif(application_name, ''), 'user ' || usename, 'somebody'), ', '
      )
      from pg_stat_activity
      where pid = any(holders.pids)
    ) as holder
  from pg_locks waits
  cross join lateral (select pg_blocking_pids(waits.pid) as pids) holders
  where not waits.granted
    and waits.pid in (select pid from sessions where is_ours)
    and (select bool_or(is_ours and kind = 'Lock') from sessions)  -- else nobody asks for locks
)
select sessions.*, relation, number, coalesce(holder, '') as holder
from sessions
left join locks on locks.pid = sessions.pid and sessions.kind = 'Lock'
