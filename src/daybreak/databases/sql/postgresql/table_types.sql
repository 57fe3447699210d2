-- The columns of a table as another table is to have them: type with length, and collation; and
-- the type without its length.
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type,
  format_type(a.atttypid, null) as bare,
  format_type(a.atttypid, null) in ('json', 'jsonb') as is_document,
  case when a.attcollation <> 0 then n.nspname::text end as collation_schema,
  case when a.attcollation <> 0 then c.collname::text end as collation_name
from pg_attribute a
left join pg_collation c on c.oid = a.attcollation
left join pg_namespace n on n.oid = c.collnamespace
where a.attrelid = to_regclass(:table)::oid and a.attnum > 0 and not a.attisdropped
