-- Sessions that older epochs of a run still have.
select pid, application_name as application
from pg_stat_activity
where pid <> pg_backend_pid()
  and datname = current_database()
  and application_name like :pattern
