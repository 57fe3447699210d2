-- The one run of an identity.
select * from daybreak_ledger.runs where identity_key = :identity_key
