-- How many of Realtime's migrations are applied in the project's database.

SELECT to_regclass('realtime.schema_migrations') IS NOT NULL AS there \gset
\if :there
SELECT count(*) FROM realtime.schema_migrations;
\else
SELECT 0;
\endif
