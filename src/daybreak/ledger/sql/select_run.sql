-- One run by its number.
select * from daybreak_ledger.runs where id = :run_id
