-- From now on a resume finds that these parts are being made known.
insert into daybreak.publications
  (run_key, step, pass, epoch, status, place, parts_digest, said_at)
values (:run_key, :step, :pass_, :epoch, 'publishing', :place, :parts_digest, :said_at)
on duplicate key update
  epoch = values(epoch),
  status = values(status),
  place = values(place),
  parts_digest = values(parts_digest),
  bytes_held = null,
  digest = null,
  said_at = values(said_at)
