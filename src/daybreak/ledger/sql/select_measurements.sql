-- The committed chunks of a step, in the order in which they were committed.
select * from daybreak_ledger.measurements
where run_id = :run_id and step = :step
order by pass, committed_at, range_after
