-- When the password was last presented in this session: at its login, or to confirm it. Null: not since this column exists.
alter table identity.sessions add column password_at timestamptz;
