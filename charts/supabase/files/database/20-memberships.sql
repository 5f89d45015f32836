-- Who may become whom. From PostgreSQL 16 on a membership has three sides: INHERIT (have the rights
-- all the time), SET (take the role), ADMIN (hand it on).

-- Nothing until a request says which.
GRANT anon, authenticated, service_role
  TO authenticator, supabase_storage_admin, supabase_admin, supabase_realtime_admin, supabase_functions
  WITH INHERIT FALSE, SET TRUE;

-- Studio's user hands them on to roles that people make.
GRANT anon, authenticated, service_role TO postgres WITH INHERIT TRUE, SET TRUE, ADMIN TRUE;

-- Row policies on storage.objects and realtime.messages are made by their owners only.
GRANT supabase_storage_admin, supabase_realtime_admin TO postgres WITH INHERIT TRUE, SET FALSE;

-- Realtime's migrations give away what they have made, and name this role's members.
GRANT supabase_realtime_admin TO supabase_admin WITH INHERIT TRUE, SET TRUE, ADMIN TRUE;

-- The administrator is no superuser: to make a schema for a role, he has to be it. A role that he
-- makes he may only hand on (createrole_self_grant is empty on Azure), so he hands it to himself.
GRANT postgres, supabase_admin, supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin,
  supabase_supavisor, supabase_analytics
  TO CURRENT_USER WITH INHERIT TRUE, SET TRUE;

-- Built-in roles: a server that does not let us hand them on works without.
DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['pg_read_all_data', 'supabase_read_only_user'],
    ['pg_read_all_data', 'postgres'],
    ['pg_monitor', 'postgres'],
    ['pg_signal_backend', 'postgres'],
    -- Realtime looks for the session that holds its slot, and ends one that was left behind: it may have
    -- been opened by the other login.
    ['pg_read_all_stats', 'supabase_admin'],
    ['pg_signal_backend', 'supabase_admin']]
  LOOP
    BEGIN
      EXECUTE format('GRANT %I TO %I', pair[1], pair[2]);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING '% is not granted to %: %', pair[1], pair[2], SQLERRM;
    END;
  END LOOP;
END
$$;
