-- The next one.
select pg_advisory_unlock(hashtext('daybreak scratch')) as ended
