-- The last time that steps of a run began again.
select at, who, what, details from daybreak_ledger.audit
where run_id = :run_id and what = 'begun again'
order by id desc
limit 1
