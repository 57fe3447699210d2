-- The sessions of older epochs: each holds a lock whose name says its run, its epoch and its number.
select there.id as pid
from information_schema.processlist there
join daybreak.epochs older on older.run_key = :run_key and older.epoch < :epoch
where is_used_lock(
  concat('daybreak:', left(older.run_key, 12), ':', older.epoch, ':', there.id)
) = there.id
