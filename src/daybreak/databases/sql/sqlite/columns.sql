-- The columns of a table or view, in their order. The only column of a primary key is one that
-- SQLite numbers by itself, or takes without a value.
with columns as (
  select * from pragma_table_xinfo(:table, coalesce(nullif(:schema, ''), 'main'))
)
select name, type, type as made_of,
  "notnull" = 0 and pk = 0 as is_nullable,
  dflt_value is not null or hidden in (2, 3)
    or (pk > 0 and (select count(*) from columns where pk > 0) = 1) as is_filled,
  hidden in (2, 3) as is_computed,
  0 as is_always_numbered,
  exists (
    select 1 from sqlite_master v where v.type = 'view' and lower(v.name) = lower(:table)
  ) as is_view
from columns
where hidden <> 1
order by cid
