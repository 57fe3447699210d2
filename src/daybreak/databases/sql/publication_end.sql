-- In the transaction that holds the epoch: the file was renamed within it.
update daybreak.publications
set status = 'published', bytes_held = :bytes, digest = :digest, said_at = :said_at
where run_key = :run_key and step = :step and pass = :pass_ and epoch = :epoch
