-- Schemas for the services, who owns them, and who may look inside. What is in them is made by the
-- services' own migrations, never here: a second author of auth.uid() would break the first one's.

DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['auth', 'supabase_auth_admin'],
    ['storage', 'supabase_storage_admin'],
    ['realtime', 'supabase_admin'],
    ['_realtime', 'supabase_admin']]
  LOOP
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = pair[1]) THEN
      EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', pair[1], pair[2]);
    ELSIF EXISTS (
      SELECT FROM pg_namespace WHERE nspname = pair[1] AND pg_get_userbyid(nspowner) <> pair[2])
    THEN
      EXECUTE format('ALTER SCHEMA %I OWNER TO %I', pair[1], pair[2]);
    END IF;
  END LOOP;
END
$$;

-- Migrations say CREATE SCHEMA IF NOT EXISTS, which asks for this right before it looks.
GRANT CREATE ON DATABASE :"DBNAME"
  TO postgres, supabase_admin, supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin;

GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
GRANT USAGE, CREATE ON SCHEMA public TO postgres;

GRANT USAGE ON SCHEMA extensions
  TO anon, authenticated, service_role, postgres, dashboard_user, supabase_functions,
  supabase_admin, supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin;

GRANT USAGE ON SCHEMA auth
  TO anon, authenticated, service_role, postgres, dashboard_user,
  supabase_admin, supabase_storage_admin, supabase_realtime_admin;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role, postgres, dashboard_user;
GRANT USAGE ON SCHEMA realtime TO anon, authenticated, service_role, postgres, dashboard_user;
GRANT USAGE, CREATE ON SCHEMA realtime TO supabase_realtime_admin WITH GRANT OPTION;

-- Event triggers need a superuser, so PostgREST is not told of new tables by itself:
-- SELECT extensions.reload_schema() at the end of a migration does it.
CREATE OR REPLACE FUNCTION extensions.reload_schema() RETURNS void
LANGUAGE sql SET search_path = ''
AS $$ SELECT pg_catalog.pg_notify('pgrst', 'reload schema') $$;

REVOKE EXECUTE ON FUNCTION extensions.reload_schema() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION extensions.reload_schema() TO postgres, service_role;
