-- How many records of a pass are set aside.
select count(*) as records
from daybreak.quarantine
where run_key = :run_key and step = :step and pass = :pass_
