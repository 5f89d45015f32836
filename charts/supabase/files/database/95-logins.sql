-- Two logins for each service's role: one is in use, the other is the next. A session of a login is the
-- role's from its first statement on, so whatever it makes belongs to the role, and the other login may
-- change it. Attributes and settings do not come with a membership: a login has its own.
-- Which of them may sign in, and with which password, is no step: see bootstrap.sh.

DO $$
DECLARE
  part record;
  entry record;
  place text;
BEGIN
  FOR part IN
    SELECT rolname AS role, rolname || '_' || number AS login,
      CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END AS replication
    FROM pg_roles, generate_series(1, 2) AS number
    WHERE rolname IN ('authenticator', 'supabase_auth_admin', 'supabase_storage_admin', 'supabase_admin',
      'postgres', 'supabase_functions', 'supabase_supavisor', 'supabase_analytics')
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = part.login) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', part.login);
    END IF;
    EXECUTE format('ALTER ROLE %I INHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS %s',
      part.login, part.replication);
    -- SET to become the role, INHERIT to be let into its databases before that.
    EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET TRUE, ADMIN FALSE', part.role, part.login);

    FOR entry IN
      SELECT datname FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase
      WHERE setrole = part.login::regrole
    LOOP
      place := CASE WHEN entry.datname IS NULL THEN '' ELSE format(' IN DATABASE %I', entry.datname) END;
      EXECUTE format('ALTER ROLE %I%s RESET ALL', part.login, place);
    END LOOP;
    FOR entry IN
      SELECT datname, split_part(setting, '=', 1) AS name,
        substr(setting, strpos(setting, '=') + 1) AS value
      FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase,
        unnest(setconfig) AS setting
      WHERE setrole = part.role::regrole
    LOOP
      place := CASE WHEN entry.datname IS NULL THEN '' ELSE format(' IN DATABASE %I', entry.datname) END;
      IF entry.name IN ('search_path', 'temp_tablespaces') THEN -- Lists: their text is no literal.
        PERFORM set_config(entry.name, entry.value, true);
        EXECUTE format('ALTER ROLE %I%s SET %I FROM CURRENT', part.login, place, entry.name);
      ELSE
        EXECUTE format('ALTER ROLE %I%s SET %I = %L', part.login, place, entry.name, entry.value);
      END IF;
    END LOOP;
    EXECUTE format('ALTER ROLE %I SET role = %L', part.login, part.role);
  END LOOP;
END
$$;
