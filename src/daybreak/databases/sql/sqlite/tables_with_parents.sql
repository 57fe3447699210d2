-- The tables that may have foreign keys, with the words in which they were made.
select name, sql from sqlite_schema where type = 'table' and sql like '%references%'
