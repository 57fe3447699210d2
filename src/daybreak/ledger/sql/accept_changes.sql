-- Let a step go on with another source or graph: ends, total and facts are replaced in one write.
update daybreak_ledger.steps
set
  range_after = :range_after,
  range_upto = :range_upto,
  total = :total,
  fingerprint = :fingerprint,
  upstream = :upstream
where run_id = :run_id and step = :step and status = 'running'
