-- The counts make the marker valid; it commits with the data it speaks of.
update daybreak.markers
set records_read = :read,
    records_passed = :passed,
    records_filtered = :filtered,
    records_quarantined = :quarantined,
    records_superseded = :superseded,
    records_refused = :refused,
    rows_written = :written,
    bytes_read = :bytes_read,
    digest = :digest,
    duration_s = :duration_s,
    value = :value,
    committed_at = :committed_at
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_hash = unhex(sha2(:range_after, 256))
  and epoch = :epoch
  and committed_at is null
