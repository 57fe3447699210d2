-- In the transaction of the marker, or of the replay: what was written and synced before.
insert into daybreak.parts
  (run_key, step, pass, range_after, epoch, number, name, records_held, bytes_held, digest)
values
  (:run_key, :step, :pass_, :range_after, :epoch, :number, :name, :records, :bytes, :digest)
