-- The right to make temporary tables, if this user lacks it, with the statement that grants it.
select
  'TEMPORARY on database ' || current_database() as what,
  format('grant temporary on database %I to %I', current_database(), current_user) as statement
where not has_database_privilege(current_database(), 'TEMPORARY')
