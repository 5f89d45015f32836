-- What the development database lacks of what bootstrap makes on a real server; its image has made the rest.
-- Runs once, when the volume is empty: the logins are those that are accepted then.
\set auth `printenv PG_AUTH_ACCEPTED`
\set rest `printenv PG_REST_ACCEPTED`
\set realtime `printenv PG_REALTIME_ACCEPTED`
\set storage `printenv PG_STORAGE_ACCEPTED`
\set meta `printenv PG_META_ACCEPTED`
\set functions `printenv PG_FUNCTIONS_ACCEPTED`
\set supavisor `printenv PG_SUPAVISOR_ACCEPTED`
\set analytics `printenv PG_ANALYTICS_ACCEPTED`

CREATE ROLE supabase_functions NOINHERIT;
GRANT anon, authenticated, service_role TO supabase_functions;
CREATE SCHEMA IF NOT EXISTS _realtime AUTHORIZATION supabase_admin;

CREATE ROLE supabase_supavisor;
CREATE ROLE supabase_analytics;
CREATE DATABASE _supabase;
\connect _supabase
CREATE SCHEMA _supavisor AUTHORIZATION supabase_supavisor;
CREATE SCHEMA _analytics AUTHORIZATION supabase_analytics;
ALTER ROLE supabase_supavisor IN DATABASE _supabase SET search_path = _supavisor;
ALTER ROLE supabase_analytics IN DATABASE _supabase SET search_path = _analytics;

CREATE TEMPORARY TABLE logins AS
SELECT role, split_part(entry, ':', 1) AS login, substr(entry, strpos(entry, ':') + 1) AS password
FROM (VALUES
  ('supabase_auth_admin', :'auth'), ('authenticator', :'rest'), ('supabase_admin', :'realtime'),
  ('supabase_storage_admin', :'storage'), ('postgres', :'meta'), ('supabase_functions', :'functions'),
  ('supabase_supavisor', :'supavisor'), ('supabase_analytics', :'analytics')) AS accepted (role, entries),
  string_to_table(entries, ',') AS entry
WHERE entry <> '';

SELECT format('CREATE ROLE %I LOGIN INHERIT %s PASSWORD %L IN ROLE %I', login,
  CASE WHEN rolreplication THEN 'REPLICATION' ELSE '' END, password, role)
FROM logins JOIN pg_roles ON rolname = role
\gexec
SELECT format('ALTER ROLE %I%s SET %s = %s', login,
  CASE WHEN setdatabase = 0 THEN '' ELSE ' IN DATABASE ' || quote_ident(datname) END, split_part(setting, '=', 1),
  CASE WHEN setting LIKE 'search_path=%' THEN substr(setting, strpos(setting, '=') + 1)
    ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
FROM logins JOIN pg_roles ON rolname = role JOIN pg_db_role_setting ON setrole = pg_roles.oid
  LEFT JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS setting
\gexec
SELECT format('ALTER ROLE %I SET role = %L', login, role) FROM logins
\gexec
