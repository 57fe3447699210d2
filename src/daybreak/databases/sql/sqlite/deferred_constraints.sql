-- Tables with foreign keys that may be checked at COMMIT; their text is all that SQLite tells of it.
select name
from sqlite_master
where type = 'table' and sql like '%initially%deferred%'
order by name
