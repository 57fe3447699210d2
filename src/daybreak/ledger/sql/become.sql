-- Move a run to another status, from those that allow it.
update daybreak_ledger.runs
set
  status = :status,
  error = :error,
  -- Never before it began: the clock may have gone back, or the owner may have another clock.
  ended_at = case when :ended_at < started_at then started_at else :ended_at end,
  lease_until = case when :is_end = 1 then null else lease_until end
where id = :run_id
  and epoch = :epoch
  and :allowed like '% ' || status || ' %'
