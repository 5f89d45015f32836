-- The ledger of this database: step and checksum, one a line; nothing where there is none yet.

SELECT to_regclass('supabase_bootstrap.steps') IS NOT NULL AS kept \gset
\if :kept
SELECT step || ' ' || checksum FROM supabase_bootstrap.steps ORDER BY step;
\endif
