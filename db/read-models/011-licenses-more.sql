-- What else of a license is folded that few licenses have: only what differs from a plain license is written.
alter table rm.licenses add column more jsonb not null default '{}';

-- A term that waits for the first activation or validation has not begun.
alter table rm.licenses alter column starts_at drop not null;
