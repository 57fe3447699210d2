-- One at a time makes or clears scratch databases of this one: a new one has nobody in it at first.
select pg_advisory_lock(hashtext('daybreak scratch')) is not null as held
