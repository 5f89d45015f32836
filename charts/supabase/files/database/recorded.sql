-- The ledger of this database: itself, step and checksum, one a line; nothing where there is none yet.

SELECT to_regclass('supabase_bootstrap.steps') IS NOT NULL AS kept \gset
\if :kept
SELECT current_database() || ' ' || step || ' ' || checksum FROM supabase_bootstrap.steps ORDER BY step;
\endif
