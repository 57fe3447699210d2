-- From now on a resume finds that these parts are being made known.
insert into daybreak.publications
  (run_key, step, pass, epoch, status, place, parts_digest, said_at)
values (:run_key, :step, :pass_, :epoch, 'publishing', :place, :parts_digest, :said_at)
on conflict (run_key, step, pass) do update set
  epoch = excluded.epoch,
  status = excluded.status,
  place = excluded.place,
  parts_digest = excluded.parts_digest,
  bytes_held = null,
  digest = null,
  said_at = excluded.said_at
