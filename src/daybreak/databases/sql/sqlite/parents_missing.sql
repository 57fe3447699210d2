-- How many foreign keys of a table refer to no row.
select count(*) as parents from pragma_foreign_key_check(:table)
