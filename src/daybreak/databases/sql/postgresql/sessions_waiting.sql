-- What the sessions of a rehearsal do in this database right now, for how long their transactions
-- have been open, and of which tables is what those wait for that wait for a lock: the one named in
-- the lock, or, where one waits for another's transaction, those that it is writing to.
select
  coalesce(a.state, '') as state,
  coalesce(a.wait_event_type, '') as kind,
  coalesce(a.wait_event, '') as event,
  coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as transaction_s,
  case when a.wait_event_type = 'Lock' then
    coalesce(
      (
        select l.relation::regclass::text
        from pg_locks l
        where l.pid = a.pid and l.relation is not null and (not l.granted or l.locktype = 'tuple')
        order by l.granted
        limit 1
      ),
      (
        select string_agg(distinct l.relation::regclass::text, ', ')
        from pg_locks l
        join pg_class c on c.oid = l.relation
        join pg_namespace n on n.oid = c.relnamespace
        where l.pid = a.pid and l.mode = 'RowExclusiveLock' and c.relkind in ('r', 'p')
          and n.nspname <> 'daybreak'
      )
    )
  end as relation
from pg_stat_activity a
where a.datname = current_database()
  and a.pid <> pg_backend_pid()
  and a.application_name like 'daybreak:%:%'
  and a.state <> 'idle'
