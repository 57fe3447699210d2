-- The steps of a run in their order; while one has not ended, its counts are its chunks' sums.
select
  s.step, s.status, s.pass, s.range_after, s.range_upto, s.total, s.fingerprint,
  s.value, s.error, s.code, s.impact, s.waits_for, s.started_at, s.ended_at,
  s.former, s.upstream,
  cast(coalesce(s.records_read, m.records_read, 0) as bigint) as records_read,
  cast(coalesce(s.records_passed, m.records_passed, 0) as bigint) as records_passed,
  cast(coalesce(s.records_filtered, m.records_filtered, 0) as bigint) as records_filtered,
  cast(coalesce(s.records_quarantined, m.records_quarantined, 0) as bigint)
    as records_quarantined,
  cast(coalesce(s.records_superseded, m.records_superseded, 0) as bigint) as records_superseded,
  cast(coalesce(s.rows_written, m.rows_written, 0) as bigint) as rows_written
from daybreak_ledger.steps s
left join (
  select
    step, pass,
    sum(records_read) as records_read,
    sum(records_passed) as records_passed,
    sum(records_filtered) as records_filtered,
    sum(records_quarantined) as records_quarantined,
    sum(records_superseded) as records_superseded,
    sum(rows_written) as rows_written
  from daybreak_ledger.measurements
  where run_id = :run_id
  group by step, pass
) m on m.step = s.step and m.pass = s.pass
where s.run_id = :run_id
order by coalesce(s.position, 1000000), s.started_at, s.step
