-- Move a run to another status, from those that allow it.
update daybreak_ledger.runs
set
  status = :status,
  error = :error,
  ended_at = :ended_at,
  lease_until = case when :is_end = 1 then null else lease_until end
where id = :run_id
  and epoch = :epoch
  and :allowed like '% ' || status || ' %'
