-- The newest runs first.
select * from daybreak_ledger.runs order by id desc limit :limit
