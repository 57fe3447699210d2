-- The lowest number of a transaction that has not ended; all below it have.
select pg_snapshot_xmin(pg_current_snapshot())::xid::text as number
