-- The columns of every unique index over all rows of a table; without a name, an expression.
-- What inherits from a table shows its rows in it, and its index does not know them; a partition's
-- index does.
select i.indexrelid::bigint as key_number, a.attname::text as name
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where c.relname = :table
  and case when cast(:schema as text) = '' then pg_table_is_visible(c.oid)
    else n.nspname = :schema end
  and i.indisunique and i.indisvalid and i.indpred is null and k.place <= i.indnkeyatts
  and not (c.relkind = 'r' and exists (select from pg_inherits h where h.inhparent = c.oid))
