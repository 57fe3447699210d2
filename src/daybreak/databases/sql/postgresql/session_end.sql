-- End another session; false if it is gone already.
select pg_terminate_backend(:pid) as ended
