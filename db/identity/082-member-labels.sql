-- What an organization calls its members. It is erasable personal data, so no event has it. A user changes the display name,
-- and an organization the label: neither touches the text of the other.
create table identity.member_labels (
  issuer_org_id text not null,
  user_id text not null,
  -- The invitation by which the member joined; empty: the founder. Somebody who comes back has no label.
  invitation_id text not null,
  label text not null check (char_length(label) between 1 and 100),
  primary key (issuer_org_id, user_id)
);

alter table identity.member_labels enable row level security;
alter table identity.member_labels force row level security;
create policy tenant on identity.member_labels to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
grant select, insert, update, delete on identity.member_labels to ledger_api;
