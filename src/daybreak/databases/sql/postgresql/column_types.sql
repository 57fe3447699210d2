-- The types of a table's columns, without lengths; a domain is named as such.
select a.attname::text as name, a.atttypid::regtype::text as type
from pg_attribute a
where a.attrelid = to_regclass(:table) and a.attnum > 0 and not a.attisdropped
