-- What the server has counted of this database so far, and how much memory a sort may take.
select deadlocks, temp_files, temp_bytes, current_setting('work_mem') as work_mem
from pg_stat_database
where datname = current_database()
