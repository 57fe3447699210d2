-- Of the sessions watched, how many there are and which wait for a lock; whether others are at work.
-- What another user's session does may be hidden: it is taken to be at work.
select
  count(*) filter (where is_ours) as ours,
  coalesce(array_agg(pid) filter (where is_ours and wait_event_type = 'Lock'), '{}') as waiting,
  coalesce(bool_or(not is_ours and is_at_work), false) as others
from (
  select
    pid,
    wait_event_type,
    state is distinct from 'idle' as is_at_work,
    :application::text in ('', application_name) as is_ours
  from pg_stat_activity
  where datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type in ('client backend', 'parallel worker')
    and application_name not in ('daybreak:watch', 'daybreak:scratch', 'daybreak:ledger')
) as sessions
