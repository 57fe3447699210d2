-- How many sessions wait for a lock of this one; asked of the locks, for what is known of sessions
-- is read once in a transaction.
select count(distinct pid) as sessions
from pg_locks
where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
