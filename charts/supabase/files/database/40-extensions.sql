-- Extensions, all in one schema: they cannot be moved later on Azure. The lists come from the chart's
-- values; an optional one that the server does not offer is told and left out.

CREATE SCHEMA IF NOT EXISTS extensions;

SELECT set_config('supabase_bootstrap.extensions', :'extensions', true),
  set_config('supabase_bootstrap.optional_extensions', :'optional_extensions', true)
\g /dev/null

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY
    regexp_split_to_array(trim(current_setting('supabase_bootstrap.extensions')), '\s+')
  LOOP
    EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA extensions', wanted);
  END LOOP;

  FOR wanted IN
    SELECT name
    FROM regexp_split_to_table(
      trim(current_setting('supabase_bootstrap.optional_extensions')), '\s+') AS name
    WHERE name <> ''
  LOOP
    BEGIN
      EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA extensions', wanted);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'The optional extension % is left out: %', wanted, SQLERRM;
    END;
  END LOOP;
END
$$;
