-- The newest run of a family that can still be resumed.
select * from daybreak_ledger.runs
where family_key = :family_key and status not in ('done', 'cancelled')
order by id desc
limit 1
