-- What some types are: as SQL without length, and by name, that of its elements for an array. An
-- enumeration is `enum`, a domain what it is over. `character` without length were of one letter.
select t.oid::text as oid,
  case
    when e.typname <> 'bpchar' then format_type(b.oid, null)
    when b.oid = e.oid then 'bpchar'
    else 'bpchar[]'
  end as type,
  case when e.typtype = 'e' then 'enum' else e.typname::text end as kind
from pg_type t
join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
join pg_type e on e.oid = case when b.typcategory = 'A' then b.typelem else b.oid end
where t.oid::text = any(:oids)
