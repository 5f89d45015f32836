-- Once per database that others are copied from: who owns its public schema, and the guard of
-- CREATE EXTENSION. Two line ends close a statement.

ALTER SCHEMA public OWNER TO azure_pg_admin;

-- From the file, for any session can set azure.extensions for itself.
CREATE FUNCTION pg_catalog.azure_allowed_extensions() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(
    (SELECT string_to_array(lower(replace(setting, ' ', '')), ',')
     FROM pg_file_settings WHERE name = 'azure.extensions' ORDER BY seqno DESC LIMIT 1),
    '{}')
$$;

-- On Azure the administrator makes foreign servers; the wrappers belong to azuresu.
CREATE FUNCTION pg_catalog.azure_share_wrappers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wrapper text;
BEGIN
  FOR wrapper IN SELECT fdwname FROM pg_foreign_data_wrapper WHERE fdwowner = 10 LOOP
    EXECUTE format('GRANT USAGE ON FOREIGN DATA WRAPPER %I TO azure_pg_admin', wrapper);
  END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION pg_catalog.azure_share_wrappers() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION pg_catalog.azure_share_wrappers() TO azure_pg_admin;

-- The statement's text comes first, so that Azure's sentence wins over PostgreSQL's own; what was
-- really made or dropped is checked at the end, for a text can be assembled at run time.
CREATE FUNCTION pg_catalog.azure_guard_extensions() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  allowed constant text[] := azure_allowed_extensions();
  touched text[];
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  IF NOT pg_has_role(current_user, 'azure_pg_admin', 'USAGE') THEN
    RAISE insufficient_privilege
      USING MESSAGE = format('Only members of "azure_pg_admin" are allowed to use %s', tg_tag);
  END IF;
  IF tg_tag = 'ALTER EXTENSION' THEN
    IF current_query() ~* '\mset\s+schema\M' THEN
      RAISE feature_not_supported
        USING MESSAGE = 'ALTER EXTENSION SET SCHEMA is not supported in Azure Database for PostgreSQL';
    END IF;
    RETURN;
  END IF;
  IF tg_event = 'ddl_command_start' THEN
    SELECT array_agg(lower(coalesce(named[1], named[2]))) INTO touched
    FROM regexp_matches(
      current_query(),
      '\m(?:create|drop)\s+extension\s+(?:if\s+(?:not\s+)?exists\s+)?(?:"([^"]+)"|(?!if\M)([a-z_][a-z0-9_$]*))',
      'gi') AS named;
    IF touched && allowed THEN
      RETURN;
    END IF;
  ELSIF tg_event = 'sql_drop' THEN
    SELECT array_agg(lower(object_name)) INTO touched
    FROM pg_event_trigger_dropped_objects()
    WHERE object_type = 'extension' AND lower(object_name) <> ALL (allowed);
  ELSE
    SELECT array_agg(lower(extname)) INTO touched
    FROM pg_event_trigger_ddl_commands() AS made JOIN pg_extension ON pg_extension.oid = made.objid
    WHERE made.classid = 'pg_extension'::regclass AND lower(extname) <> ALL (allowed);
    PERFORM azure_share_wrappers();
  END IF;
  IF touched IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = format(
      'extension "%s" is not allow-listed for "azure_pg_admin" users in Azure Database for PostgreSQL',
      touched[1]);
  END IF;
END
$$;

CREATE EVENT TRIGGER azure_extensions_start ON ddl_command_start
WHEN TAG IN ('CREATE EXTENSION', 'ALTER EXTENSION', 'DROP EXTENSION')
EXECUTE FUNCTION pg_catalog.azure_guard_extensions();

CREATE EVENT TRIGGER azure_extensions_end ON ddl_command_end
WHEN TAG IN ('CREATE EXTENSION')
EXECUTE FUNCTION pg_catalog.azure_guard_extensions();

CREATE EVENT TRIGGER azure_extensions_drop ON sql_drop
WHEN TAG IN ('DROP EXTENSION')
EXECUTE FUNCTION pg_catalog.azure_guard_extensions();

