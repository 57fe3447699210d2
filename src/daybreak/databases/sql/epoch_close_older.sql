-- Waits for the chunks in flight of older epochs, which hold their row in share mode.
update daybreak.epochs
set closed_at = :closed_at
where run_key = :run_key and epoch < :epoch and closed_at is null
