-- Whether this user may create temporary tables here.
select has_database_privilege(current_database(), 'temporary') as may
