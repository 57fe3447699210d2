-- Write how a step ended, if its status allows that.
update daybreak_ledger.steps
set
  status = :status,
  value = :value,
  error = :error,
  -- Never before it began, as in `become`.
  ended_at = case when :now < started_at then started_at else :now end,
  -- Of a step in chunks the sum of its attempts; a replay of some records adds nothing.
  seconds = coalesce(coalesce(seconds, 0) + :seconds, seconds),
  records_read = :records_read,
  records_passed = :records_passed,
  records_filtered = :records_filtered,
  records_quarantined = :records_quarantined,
  records_superseded = :records_superseded,
  rows_written = :rows_written
where run_id = :run_id
  and step = :step
  and :allowed like '% ' || status || ' %'
