-- Whether a session of this user is still there.
select count(*) as sessions from information_schema.processlist where id = :pid
