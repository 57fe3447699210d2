-- The tables on which this transaction holds a lock, for it has read or written them; largest first.
select
  c.oid::regclass::text as name,
  case when c.reltuples < 0 then null else c.reltuples::bigint end as rows_about,
  pg_table_size(c.oid) as bytes,
  pg_indexes_size(c.oid) as index_bytes
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid in (
    select relation from pg_locks
    where pid = pg_backend_pid() and locktype = 'relation' and granted
      and database = (select oid from pg_database where datname = current_database())
  )
  and c.relkind in ('r', 'm') and c.relpersistence <> 't'
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'daybreak')
order by pg_total_relation_size(c.oid) desc, 1
