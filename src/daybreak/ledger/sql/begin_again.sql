-- Begin a step again: a new pass, of which nothing is done yet. Old markers stay as history.
update daybreak_ledger.steps
set
  status = 'waiting',
  pass = pass + 1,
  former = :former,
  range_after = null,
  range_upto = null,
  total = null,
  fingerprint = null,
  upstream = null,
  value = null,
  error = null,
  started_at = null,
  attempts = null,
  seconds = null,
  parallel = null,
  chunk = null,
  ended_at = null,
  records_read = null,
  records_passed = null,
  records_filtered = null,
  records_quarantined = null,
  records_superseded = null,
  rows_written = null
where run_id = :run_id
  and step = :step
  and pass = :pass
  and :allowed like '% ' || status || ' %'
