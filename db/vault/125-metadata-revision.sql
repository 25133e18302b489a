-- The revision of the license that metadata was stored at; null: unknown. A repeated change must not replace later metadata.
alter table vault.license_metadata add column revision bigint;
