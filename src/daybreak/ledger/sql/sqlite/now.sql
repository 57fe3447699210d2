-- The clock by which lease ends are written: this machine's.
select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') as now
