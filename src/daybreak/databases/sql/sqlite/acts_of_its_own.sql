-- How much a table may do besides taking a row, or in its place: triggers, and words on conflicts.
select count(*) as acts from sqlite_schema
where lower(tbl_name) = lower(:table) and (type = 'trigger' or lower(sql) like '%conflict%')
