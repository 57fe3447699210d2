-- Whether a session still exists.
select count(*) as sessions from pg_stat_activity where pid = :pid
