-- What a scratch database must have in common with this one; its number is part of their names.
select oid::text as number, pg_encoding_to_char(encoding) as encoding, datcollate, datctype
from pg_database
where datname = current_database()
