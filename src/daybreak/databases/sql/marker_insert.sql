-- The marker comes first: a second try of the same range waits here instead of doing the work.
insert into daybreak.markers (run_key, step, pass, range_after, range_upto, epoch)
values (:run_key, :step, :pass_, :range_after, :range_upto, :epoch)
on conflict (run_key, step, pass, range_after) do nothing
