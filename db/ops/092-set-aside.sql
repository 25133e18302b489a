-- True for a stream that fits, but whose next event changes so many rows that the projector brings it in beside the
-- others. It ends by itself; an operator has nothing to do.
alter table ops.parked add column is_set_aside boolean not null default false;
create index parked_set_aside on ops.parked (projection, version) where is_set_aside;
