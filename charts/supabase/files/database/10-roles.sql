-- The roles, and what each is by itself. They own and may; a service signs in by one of its role's two
-- logins (95-logins), so that a password changes without a moment in which none counts.

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
ALTER ROLE authenticator NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;

-- The services that keep tables of their own. Auth and Storage make no roles: they are all here.
ALTER ROLE supabase_auth_admin NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
ALTER ROLE supabase_storage_admin NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
ALTER ROLE supabase_realtime_admin NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- Realtime: reads the write-ahead log. A superuser elsewhere, which Azure does not have.
ALTER ROLE supabase_admin NOLOGIN INHERIT NOCREATEDB NOCREATEROLE REPLICATION BYPASSRLS PASSWORD NULL;

-- People, by way of Studio. No replication: a forgotten slot fills the disk.
ALTER ROLE postgres NOLOGIN INHERIT CREATEDB CREATEROLE NOREPLICATION BYPASSRLS PASSWORD NULL;
-- Named by grants of the services; nobody is it.
ALTER ROLE dashboard_user NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE supabase_read_only_user LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS;

-- Functions: nothing by itself; SET ROLE takes one of the three of a request.
ALTER ROLE supabase_functions NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;

-- Optional services, each in a schema of the database _supabase.
ALTER ROLE supabase_supavisor NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
ALTER ROLE supabase_analytics NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
