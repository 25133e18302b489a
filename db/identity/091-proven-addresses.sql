-- Only a token that was mailed to an address proves that its user reads the mail. Null: never proved, as all addresses of
-- earlier builds.
alter table identity.users add column email_proven_at timestamptz;

grant select (email_proven_at) on identity.users to ledger_api;
