-- Mark a step as running; its ends, total and fingerprint are kept from the first start.
insert into daybreak_ledger.steps as kept (
  run_id, step, status, pass, range_after, range_upto, total, fingerprint, upstream, code,
  started_at, attempts, parallel, chunk
)
values (
  :run_id, :step, 'running', 1, :range_after, :range_upto, :total, :fingerprint, :upstream, :code,
  :now, :begins, :parallel, :chunk
)
on conflict (run_id, step) do update
set
  status = excluded.status,
  range_after = coalesce(kept.range_after, excluded.range_after),
  range_upto = coalesce(kept.range_upto, excluded.range_upto),
  total = coalesce(kept.total, excluded.total),
  fingerprint = coalesce(kept.fingerprint, excluded.fingerprint),
  -- What it is made from counts as long as nothing is read: with its ends that is fixed, too.
  upstream = case
    when kept.range_upto is null then coalesce(excluded.upstream, kept.upstream)
    else kept.upstream
  end,
  code = excluded.code,
  started_at = coalesce(kept.started_at, excluded.started_at),
  ended_at = null,
  attempts = coalesce(kept.attempts, 0) + excluded.attempts,
  -- What has no ends yet is done from its beginning: only its last attempt counts.
  seconds = case when kept.range_upto is null then null else kept.seconds end,
  parallel = coalesce(excluded.parallel, kept.parallel),
  chunk = coalesce(excluded.chunk, kept.chunk),
  waits_for = null,
  error = null,
  records_read = null,
  records_passed = null,
  records_filtered = null,
  records_quarantined = null,
  records_superseded = null,
  rows_written = null
where :allowed like '% ' || kept.status || ' %'
