-- Which attempt at a command has its turn. An attempt that another one at the same command has followed neither ends nor
-- extends the turn. Null: a process of an earlier release took it.
alter table ops.turns add column attempt uuid;
