-- Mails to send, written before the event or answer that promises them. The worker sends each one and notes that. A row has
-- neither a token nor a readable address: an invitation's address is in the vault, that of a password reset is sealed.
create table ops.mails (
  -- The organization that invites; 'anonymous' for a password reset.
  issuer_org_id text not null,
  -- The id of the invitation, or of the password reset. The Message-ID of the mail is made of it.
  mail_id text not null,
  kind text not null check (kind in ('INVITATION', 'PASSWORD_RESET')),
  -- The address that a password reset was requested for, encrypted. Null: an invitation, or a finished mail.
  sealed bytea,
  created_at timestamptz not null,
  tries integer not null default 0,
  -- A worker that takes the mail moves this on, so that no other one takes it meanwhile.
  next_try_at timestamptz not null,
  finished_at timestamptz,
  -- How it ended: SENT, DROPPED (nothing to send any more; a repeated request queues it again), REFUSED (by the mail server, for good), GAVE_UP.
  outcome text check (outcome in ('SENT', 'DROPPED', 'REFUSED', 'GAVE_UP')),
  primary key (issuer_org_id, mail_id),
  check ((finished_at is null) = (outcome is null))
);

-- Password resets first: somebody waits for them.
create index mails_due on ops.mails ((kind = 'INVITATION'), next_try_at) where finished_at is null;
create index mails_finished on ops.mails (finished_at) where finished_at is not null;

alter table ops.mails enable row level security;
alter table ops.mails force row level security;
create policy tenant on ops.mails to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy sends on ops.mails to ledger_worker using (true) with check (true);

grant select, insert, update (created_at, sealed, finished_at, outcome, next_try_at) on ops.mails to ledger_api;
grant select (issuer_org_id, mail_id, kind, sealed, created_at, tries, next_try_at, finished_at), update, delete
  on ops.mails to ledger_worker;
