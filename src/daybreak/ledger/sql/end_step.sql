-- Write how a step ended, if its status allows that.
update daybreak_ledger.steps
set
  status = :status,
  value = :value,
  error = :error,
  ended_at = :now,
  records_read = :records_read,
  records_passed = :records_passed,
  records_filtered = :records_filtered,
  records_quarantined = :records_quarantined,
  records_superseded = :records_superseded,
  rows_written = :rows_written
where run_id = :run_id
  and step = :step
  and :allowed like '% ' || status || ' %'
