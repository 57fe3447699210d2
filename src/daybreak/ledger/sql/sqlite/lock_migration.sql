-- One process at a time: BEGIN IMMEDIATE is the lock already.
select 1 as locked
