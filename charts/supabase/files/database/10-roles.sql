-- The roles, and what each is by itself. Passwords come last and are no step: see bootstrap.sh.

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY[
    'anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'dashboard_user',
    'supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin',
    'supabase_functions', 'supabase_read_only_user', 'supabase_supavisor', 'supabase_analytics']
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I', wanted);
    END IF;
  END LOOP;
END
$$;

-- What a request's token may name. Nobody signs in as one of them.
ALTER ROLE anon NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE authenticated NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE service_role NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS;

-- PostgREST: nothing by itself, and one of the three above for each request.
ALTER ROLE authenticator LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- The services that keep tables of their own. Auth and Storage make no roles: they are all here.
ALTER ROLE supabase_auth_admin LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE supabase_storage_admin LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE supabase_realtime_admin NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- Realtime: reads the write-ahead log. A superuser elsewhere, which Azure does not have.
ALTER ROLE supabase_admin LOGIN INHERIT NOCREATEDB NOCREATEROLE REPLICATION BYPASSRLS;

-- People, by way of Studio. No replication: a forgotten slot fills the disk.
ALTER ROLE postgres LOGIN INHERIT CREATEDB CREATEROLE NOREPLICATION BYPASSRLS;
-- Named by grants of the services; nobody is it.
ALTER ROLE dashboard_user NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE supabase_read_only_user LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS;

-- Functions: nothing by itself; SET ROLE takes one of the three of a request.
ALTER ROLE supabase_functions LOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- Optional services, each in a schema of the database _supabase.
ALTER ROLE supabase_supavisor LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE supabase_analytics LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
