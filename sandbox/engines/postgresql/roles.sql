-- Azure's roles. Once per cluster, in single-user mode, so that what is made counts as built in:
-- pg_dump leaves it out. Two line ends close a statement.

CREATE ROLE azure_pg_admin NOLOGIN;

DO $$
DECLARE
  predefined text;
BEGIN
  FOR predefined IN
    SELECT rolname FROM pg_roles WHERE rolname IN (
      'pg_checkpoint', 'pg_create_subscription', 'pg_maintain', 'pg_monitor', 'pg_read_all_settings',
      'pg_read_all_stats', 'pg_signal_backend', 'pg_stat_scan_tables')
  LOOP
    EXECUTE format('GRANT %I TO azure_pg_admin WITH ADMIN OPTION', predefined);
  END LOOP;
END
$$;

-- It may be handed on, and gives no sight of pg_authid to the administrator himself.
GRANT pg_read_all_data TO azure_pg_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;

ALTER DATABASE template0 OWNER TO azure_pg_admin;

ALTER DATABASE template1 OWNER TO azure_pg_admin;

ALTER DATABASE postgres OWNER TO azure_pg_admin;

