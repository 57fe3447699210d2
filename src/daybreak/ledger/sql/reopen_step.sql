-- Mark a step that has begun as running, even one that is done: its fates are to change.
update daybreak_ledger.steps
set
  status = 'running',
  code = :code,
  error = null,
  ended_at = null,
  records_read = null,
  records_passed = null,
  records_filtered = null,
  records_quarantined = null,
  records_superseded = null,
  rows_written = null
where run_id = :run_id
  and step = :step
  and status <> 'waiting'
