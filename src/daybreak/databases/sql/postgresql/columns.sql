-- The columns of a table or view, in their order, each with the type that a domain is made of.
with recursive columns as (
  select a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attidentity,
    a.attgenerated, c.relkind
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  where c.relname = :table and c.relkind in ('r', 'p', 'f', 'v', 'm')
    and case when cast(:schema as text) = '' then pg_table_is_visible(c.oid)
      else n.nspname = :schema end
    and a.attnum > 0 and not a.attisdropped
), made_of as (
  select o.attnum, o.atttypid as oid, false as is_refusing_null, false as is_filling from columns o
  union all
  select m.attnum, t.typbasetype, m.is_refusing_null or t.typnotnull,
    m.is_filling or t.typdefault is not null
  from made_of m
  join pg_type t on t.oid = m.oid
  where t.typtype = 'd'
)
select o.attname::text as name,
  format_type(o.atttypid, o.atttypmod) as type,
  case when t.typtype = 'e' then 'enum' when t.typcategory = 'A' then 'array'
    else t.typname::text end as made_of,
  not (o.attnotnull or m.is_refusing_null) as is_nullable,
  o.atthasdef or o.attidentity <> '' or m.is_filling as is_filled,
  o.attgenerated <> '' as is_computed,
  o.attidentity = 'a' as is_always_numbered,
  o.relkind in ('v', 'm') as is_view
from columns o
join made_of m on m.attnum = o.attnum
join pg_type t on t.oid = m.oid and t.typtype <> 'd'
order by o.attnum
