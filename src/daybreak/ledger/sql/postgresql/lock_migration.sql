-- One process at a time, until this transaction ends; the number stands for "daybreak ledger".
select 1 as locked from (select pg_advisory_xact_lock(4919120260302)) as waited
