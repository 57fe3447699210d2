-- Something for COMMIT to make durable that is no row: a note in the log of the server.
select pg_logical_emit_message(true, 'daybreak', '') is not null as written
