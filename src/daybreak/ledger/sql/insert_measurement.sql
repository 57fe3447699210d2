-- Write down one committed chunk as its marker says; a replay gives records of it other fates.
insert into daybreak_ledger.measurements (
  run_id, step, pass, range_after, range_upto, records_read, records_passed, records_filtered,
  records_quarantined, records_superseded, rows_written, bytes_read, duration_s, committed_at
)
values (
  :run_id, :step, :pass, :range_after, :range_upto, :records_read, :records_passed,
  :records_filtered, :records_quarantined, :records_superseded, :rows_written, :bytes_read,
  :duration_s, :committed_at
)
on conflict (run_id, step, pass, range_after) do update
set
  records_passed = excluded.records_passed,
  records_filtered = excluded.records_filtered,
  records_quarantined = excluded.records_quarantined,
  records_superseded = excluded.records_superseded,
  rows_written = excluded.rows_written
