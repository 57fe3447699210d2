-- Refused while a chunk of an older epoch is in flight: it has counted itself in the same row.
update daybreak.epochs
set closed_at = :closed_at, held = held + 1
where run_key = :run_key and epoch < :epoch and closed_at is null
