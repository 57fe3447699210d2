-- The columns of the primary key, and of every unique index over all rows of a table; without a
-- name, an expression.
select -1 as key_number, name
from pragma_table_xinfo(:table, coalesce(nullif(:schema, ''), 'main'))
where pk > 0
union all
select l.seq as key_number, i.name
from pragma_index_list(:table, coalesce(nullif(:schema, ''), 'main')) l,
  pragma_index_info(l.name, coalesce(nullif(:schema, ''), 'main')) i
where l."unique" and not l.partial
