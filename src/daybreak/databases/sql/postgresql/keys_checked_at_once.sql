-- The keys of a table over which rows can be written: unique, and never broken until COMMIT.
select array(
    select a.attname::text
    from unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) as k (number)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
  ) as columns
from pg_index i
where i.indrelid = to_regclass(:table)
  and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null
