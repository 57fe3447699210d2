-- How much of its data the server keeps in its own cache.
select pg_size_bytes(current_setting('shared_buffers')) as bytes
