-- Write down one committed chunk; a later attempt that reads its marker again changes nothing.
insert into daybreak_ledger.measurements (
  run_id, step, pass, range_after, range_upto, records_read, records_passed, records_filtered,
  records_quarantined, records_superseded, rows_written, bytes_read, duration_s, committed_at
)
values (
  :run_id, :step, :pass, :range_after, :range_upto, :records_read, :records_passed,
  :records_filtered, :records_quarantined, :records_superseded, :rows_written, :bytes_read,
  :duration_s, :committed_at
)
on conflict (run_id, step, pass, range_after) do nothing
