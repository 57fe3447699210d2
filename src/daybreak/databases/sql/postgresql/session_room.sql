-- How many sessions there may be and how many there are besides this one: on the server, of this
-- user, in this database. -1 stands for no limit. Superusers are bound by the server's alone.
with others as (
  select usesysid, datid
  from pg_stat_activity
  where datid is not null
    and pid <> pg_backend_pid()
    and coalesce(backend_type, 'client backend') = 'client backend'
)
select
  current_setting('max_connections')::integer
    - case
        when r.rolsuper then 0
        else current_setting('superuser_reserved_connections')::integer
          + coalesce(current_setting('reserved_connections', true)::integer, 0)
      end as server_units,
  (select count(*) from others) as server_in_use,
  r.rolname as user_name,
  case when r.rolsuper then -1 else r.rolconnlimit end as user_units,
  (select count(*) from others where usesysid = r.oid) as user_in_use,
  d.datname as database_name,
  case when r.rolsuper then -1 else d.datconnlimit end as database_units,
  (select count(*) from others where datid = d.oid) as database_in_use
from pg_roles r
join pg_database d on d.datname = current_database()
where r.rolname = session_user
