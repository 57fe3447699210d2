-- One record set aside, in the transaction of its chunk.
insert into daybreak.quarantine
  (run_key, run_id, step, pass, range_after, origin, place, stage, reason, details, raw, by_check,
   set_aside_at)
values
  (:run_key, :run_id, :step, :pass_, :range_after, :origin, :place, :stage, :reason, :details, :raw,
   :by_check, :set_aside_at)
