-- Closed organizations are kept; null: open.
alter table rm.organizations add column closed_at timestamptz;
