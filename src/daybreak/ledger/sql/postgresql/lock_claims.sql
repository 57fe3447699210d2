-- One process at a time decides who begins; the number stands for "daybreak claims".
select 1 as locked from (select pg_advisory_xact_lock(4919120260303)) as waited
