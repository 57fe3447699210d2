-- Whether the ledger's tables exist, and how many tables there are at all.
select
  (select count(*) from pragma_table_info('meta') where name = 'ledger_id') as ours,
  (select count(*) from sqlite_master where type = 'table') as all_tables
