-- What the catalogue demands of a table's rows. `types` are those of the columns, without lengths.
with owner as (
  select to_regclass(:table)::oid as id
),
rules as (
  select case c.contype when 'f' then 'foreign key' when 'c' then 'check' else 'unique' end as kind,
    c.conname::text as name,
    c.conkey::int2[] as numbers, c.confrelid as parent, c.confkey::int2[] as parent_numbers,
    case when c.contype = 'c' then pg_get_expr(c.conbin, c.conrelid) end as expression,
    null::integer as length
  from pg_constraint c, owner
  where c.conrelid = owner.id and c.contype in ('p', 'u', 'f', 'c')
  union all
  select 'unique', (select relname::text from pg_class where oid = i.indexrelid), (i.indkey::int2[])[0:i.indnkeyatts - 1], 0, null, null, null
  from pg_index i, owner
  where i.indrelid = owner.id and i.indisunique and i.indpred is null and i.indexprs is null
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
  union all
  select 'not null', null, array[a.attnum], 0, null, null, null
  from pg_attribute a, owner
  where a.attrelid = owner.id and a.attnum > 0 and not a.attisdropped and a.attnotnull
  union all
  select 'value', null, array[a.attnum], 0, null, null, a.atttypmod - 4
  from pg_attribute a, owner
  where a.attrelid = owner.id and a.attnum > 0 and not a.attisdropped and a.atttypmod > 4
    and a.atttypid in ('varchar'::regtype, 'bpchar'::regtype)
)
select r.kind, r.name, r.expression, r.length,
  array(
    select a.attname::text
    from unnest(r.numbers) with ordinality as k(number, place)
    join pg_attribute a on a.attrelid = owner.id and a.attnum = k.number
    order by k.place
  ) as columns,
  array(
    select format_type(a.atttypid, -1) -- with null, any `char` is one of a single letter
    from unnest(r.numbers) with ordinality as k(number, place)
    join pg_attribute a on a.attrelid = owner.id and a.attnum = k.number
    order by k.place
  ) as types,
  case when r.parent <> 0 then r.parent::regclass::text end as parent,
  r.parent = owner.id as is_own_parent,
  array(
    select a.attname::text
    from unnest(r.parent_numbers) with ordinality as k(number, place)
    join pg_attribute a on a.attrelid = r.parent and a.attnum = k.number
    order by k.place
  ) as parent_columns
from rules r, owner
