-- Rights on a table that this user lacks, each with the statement that grants it; on a table that
-- does not exist, the right to make it. INSERT and UPDATE may be granted on every column that is filled.
with place as (
  select c.oid, c.relnamespace
  from pg_class c
  join pg_namespace s on s.oid = c.relnamespace
  where c.relname = :table_name
    and case
      when :schema_name::text is null then pg_table_is_visible(c.oid)
      else s.nspname = :schema_name
    end
)
select
  'CREATE on schema ' || coalesce(s.name, '(none in the search path)') as what,
  format('grant create on schema %I to %I', coalesce(s.name, 'public'), current_user) as statement
from (select coalesce(:schema_name::text, current_schema()::text) as name) as s
where not exists (select from place)
  and not coalesce(has_schema_privilege(s.name, 'CREATE'), false)
union all
select
  'USAGE on schema ' || p.relnamespace::regnamespace,
  format('grant usage on schema %s to %I', p.relnamespace::regnamespace, current_user)
from place p
where not has_schema_privilege(p.relnamespace, 'USAGE')
union all
select
  n.privilege || ' on table ' || p.oid::regclass,
  format('grant %s on %s to %I', lower(n.privilege), p.oid::regclass, current_user)
from place p
cross join unnest(:privileges::text[]) as n (privilege)
where not has_table_privilege(p.oid, n.privilege)
  and not (
    n.privilege in ('INSERT', 'UPDATE')
    and coalesce(
      (select bool_and(has_column_privilege(p.oid, c, n.privilege)) from unnest(:columns::text[]) c),
      false
    )
  )
