-- The clock by which lease ends are written: the server's.
select clock_timestamp() as now
