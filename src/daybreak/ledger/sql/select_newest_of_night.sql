-- The run with the highest number among those that differ in their number only.
select * from daybreak_ledger.runs
where family_key = :family_key and (night = :night or (night is null and :night is null))
order by number desc
limit 1
