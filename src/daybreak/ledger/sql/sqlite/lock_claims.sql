-- One process at a time decides who begins: BEGIN IMMEDIATE is the lock already.
select 1 as locked
