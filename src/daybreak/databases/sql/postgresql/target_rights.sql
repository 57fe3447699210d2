-- Rights on Daybreak's own tables that this user lacks, each with the statement that grants it.
-- Where a table is missing, the right to make it is asked for.
with needed (name, privilege) as (
  values
    ('epochs', 'SELECT'), ('epochs', 'INSERT'), ('epochs', 'UPDATE'),
    ('markers', 'SELECT'), ('markers', 'INSERT'), ('markers', 'UPDATE'),
    ('quarantine', 'SELECT'), ('quarantine', 'INSERT')
),
found as (
  select n.privilege, c.oid, c.oid is null as is_missing
  from needed n
  left join pg_class c
    on c.relname = n.name
    and c.relnamespace = (select oid from pg_namespace where nspname = 'daybreak')
)
select
  'CREATE on database ' || current_database() as what,
  format('grant create on database %I to %I', current_database(), current_user) as statement
where not exists (select from pg_namespace where nspname = 'daybreak')
  and not has_database_privilege(current_database(), 'CREATE')
union all
select
  p.privilege || ' on schema daybreak',
  format('grant %s on schema daybreak to %I', lower(p.privilege), current_user)
from pg_namespace s
cross join (values ('USAGE'), ('CREATE')) as p (privilege)
where s.nspname = 'daybreak'
  and not has_schema_privilege(s.oid, p.privilege)
  and (p.privilege = 'USAGE' or exists (select from found where is_missing))
union all
select
  f.privilege || ' on table ' || f.oid::regclass,
  format('grant %s on %s to %I', lower(f.privilege), f.oid::regclass, current_user)
from found f
where not f.is_missing
  and not has_table_privilege(f.oid, f.privilege)
