-- How far the publication of a pass has come.
select epoch, status, place, parts_digest, bytes_held, digest
from daybreak.publications
where run_key = :run_key and step = :step and pass = :pass_
