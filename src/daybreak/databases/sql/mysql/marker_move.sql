-- Give records of a committed range other fates; how many were read never changes.
update daybreak.markers
set records_passed = records_passed + :passed,
    records_filtered = records_filtered + :filtered,
    records_quarantined = records_quarantined + :quarantined,
    records_superseded = records_superseded + :superseded,
    records_refused = records_refused + :refused,
    rows_written = rows_written + :written
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_hash = unhex(sha2(:range_after, 256))
  and committed_at is not null
