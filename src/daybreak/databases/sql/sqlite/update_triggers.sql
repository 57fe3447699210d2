-- The triggers of a table, whatever they are fired by: the catalogue knows their text only.
select name from sqlite_schema
where type = 'trigger' and lower(tbl_name) = lower(:table) and lower(sql) like '%update%'
order by name
