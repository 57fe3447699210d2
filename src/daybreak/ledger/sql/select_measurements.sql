-- The committed chunks of a step's present pass, in the order in which they were committed.
select * from daybreak_ledger.measurements
where run_id = :run_id and step = :step
  and pass = (
    select s.pass from daybreak_ledger.steps s where s.run_id = :run_id and s.step = :step
  )
order by committed_at, range_after
