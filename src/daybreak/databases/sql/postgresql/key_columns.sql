-- The columns of a table, as far as it matters to what is equal in them.
select a.attname::text as name,
  format_type(a.atttypid, a.atttypmod) as spelled,
  a.atttypmod = -1 and coalesce(c.collisdeterministic, true) as is_plain,
  case
    when a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'integer'
    when a.atttypid in ('text'::regtype, 'varchar'::regtype) then 'text'
    when a.atttypid = 'uuid'::regtype then 'uuid'
    when a.atttypid = 'date'::regtype then 'date'
    when a.atttypid = 'bytea'::regtype then 'bytes'
    else ''
  end as kind
from pg_attribute a
left join pg_collation c on c.oid = a.attcollation
where a.attrelid = to_regclass(:table) and a.attnum > 0 and not a.attisdropped
