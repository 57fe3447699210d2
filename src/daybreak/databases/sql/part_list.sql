-- The parts of a pass; the source says in which order their ranges come.
select range_after, epoch, number, name, records_held, bytes_held, digest
from daybreak.parts
where run_key = :run_key and step = :step and pass = :pass_
order by epoch, number, range_after
