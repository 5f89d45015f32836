-- What is missing or different, one row each: level, step, what, wanted, found. No row: all is well.
-- It changes nothing and reads catalogues only, so it works on an empty server, too.

WITH
roles (name, login, inherits, createdb, createrole, replication, bypassrls) AS (VALUES
  ('anon', false, true, false, false, false, false),
  ('authenticated', false, true, false, false, false, false),
  ('service_role', false, true, false, false, false, true),
  ('authenticator', false, false, false, false, false, false),
  ('postgres', false, true, true, true, false, true),
  ('dashboard_user', false, true, false, false, false, false),
  ('supabase_admin', false, true, false, false, true, true),
  ('supabase_auth_admin', false, false, false, false, false, false),
  ('supabase_storage_admin', false, false, false, false, false, false),
  ('supabase_realtime_admin', false, false, false, false, false, false),
  ('supabase_functions', false, false, false, false, false, false),
  ('supabase_read_only_user', true, true, false, false, false, true),
  ('supabase_supavisor', false, true, false, false, false, false),
  ('supabase_analytics', false, true, false, false, false, false)),
role_rows AS (
  SELECT 'required' AS level, '10-roles' AS step, 'role ' || name AS what,
    concat_ws(' ',
      CASE WHEN login THEN 'LOGIN' END, CASE WHEN inherits THEN 'INHERIT' END,
      CASE WHEN createdb THEN 'CREATEDB' END, CASE WHEN createrole THEN 'CREATEROLE' END,
      CASE WHEN replication THEN 'REPLICATION' END, CASE WHEN bypassrls THEN 'BYPASSRLS' END) AS wanted,
    CASE WHEN rolname IS NOT NULL THEN concat_ws(' ',
      CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolinherit THEN 'INHERIT' END,
      CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
      CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
      CASE WHEN rolsuper THEN 'SUPERUSER' END) END AS found
  FROM roles LEFT JOIN pg_roles ON rolname = name),

logins (role, login, replication) AS (
  SELECT name, name || '_' || number, replication FROM roles, generate_series(1, 2) AS number
  WHERE name IN ('authenticator', 'postgres', 'supabase_admin', 'supabase_auth_admin',
    'supabase_storage_admin', 'supabase_functions', 'supabase_supavisor', 'supabase_analytics')),
login_rows AS (
  SELECT 'required' AS level, '95-logins' AS step, 'login ' || login AS what,
    concat_ws(' ', 'INHERIT', CASE WHEN replication THEN 'REPLICATION' END) AS wanted,
    CASE WHEN rolname IS NOT NULL THEN concat_ws(' ',
      CASE WHEN rolinherit THEN 'INHERIT' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
      CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
      CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolsuper THEN 'SUPERUSER' END) END AS found
  FROM logins LEFT JOIN pg_roles ON rolname = login
  UNION ALL
  SELECT 'required', 'logins', 'sign-in of ' || login,
    CASE WHEN login = ANY (string_to_array(:'accepted', ' ')) THEN 'LOGIN' ELSE 'NOLOGIN' END,
    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END
  FROM logins JOIN pg_roles ON rolname = login),
-- What a session of a login begins with: the role, and what one of the role would begin with.
login_settings AS (
  SELECT login, setdatabase, split_part(setting, '=', 1) AS name,
    substr(setting, strpos(setting, '=') + 1) AS value
  FROM logins JOIN pg_roles ON rolname = role JOIN pg_db_role_setting ON setrole = pg_roles.oid,
    unnest(setconfig) AS setting
  UNION ALL SELECT login, 0, 'role', role FROM logins),
login_has AS (
  SELECT login, setdatabase, split_part(setting, '=', 1) AS name,
    substr(setting, strpos(setting, '=') + 1) AS value
  FROM logins JOIN pg_roles ON rolname = login JOIN pg_db_role_setting ON setrole = pg_roles.oid,
    unnest(setconfig) AS setting),
login_setting_rows AS (
  SELECT 'required' AS level, '95-logins' AS step,
    format('%s of %s', name, login) || coalesce(' in ' || datname, '') AS what,
    coalesce(wanted.value, 'nothing') AS wanted, coalesce(found.value, 'nothing') AS found
  FROM login_settings AS wanted FULL JOIN login_has AS found USING (login, setdatabase, name)
    LEFT JOIN pg_database ON pg_database.oid = setdatabase),

memberships (level, role, member, inherits, becomes, admin) AS (
  SELECT 'required', role, member, false, true, false
  FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS role, unnest(ARRAY[
    'authenticator', 'supabase_storage_admin', 'supabase_admin', 'supabase_realtime_admin',
    'supabase_functions']) AS member
  UNION ALL
  SELECT 'required', role, 'postgres', true, true, true
  FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS role
  UNION ALL
  SELECT 'required', role, current_user, true, true, NULL
  FROM unnest(ARRAY[
    'postgres', 'supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin',
    'supabase_realtime_admin', 'supabase_supavisor', 'supabase_analytics']) AS role
  UNION ALL VALUES
  ('required', 'supabase_storage_admin', 'postgres', true, false, false),
  ('required', 'supabase_realtime_admin', 'postgres', true, false, false),
  ('required', 'supabase_realtime_admin', 'supabase_admin', true, true, true),
  ('optional', 'pg_read_all_data', 'supabase_read_only_user', true, true, NULL),
  ('optional', 'pg_read_all_data', 'postgres', true, true, NULL),
  ('optional', 'pg_monitor', 'postgres', true, true, NULL),
  ('optional', 'pg_signal_backend', 'postgres', true, true, NULL),
  ('optional', 'pg_read_all_stats', 'supabase_admin', true, true, NULL),
  ('optional', 'pg_signal_backend', 'supabase_admin', true, true, NULL)
  UNION ALL SELECT 'required', role, login, true, true, false FROM logins),
granted AS (  -- One membership may have several grantors: what one of them gives is given.
  SELECT pg_get_userbyid(roleid) AS role, pg_get_userbyid(member) AS member,
    bool_or(inherit_option) AS inherits, bool_or(set_option) AS becomes,
    bool_or(admin_option) AS admin
  FROM pg_auth_members GROUP BY 1, 2),
membership_rows AS (
  SELECT level, CASE WHEN member IN (SELECT login FROM logins) THEN '95-logins'
      ELSE '20-memberships' END AS step, format('%s in %s', member, role) AS what,
    concat_ws(' ', 'member', CASE WHEN wanted.inherits THEN 'INHERIT' END,
      CASE WHEN wanted.becomes THEN 'SET' END, CASE WHEN wanted.admin THEN 'ADMIN' END) AS wanted,
    CASE WHEN granted.role IS NOT NULL THEN
      concat_ws(' ', 'member', CASE WHEN granted.inherits THEN 'INHERIT' END,
        CASE WHEN granted.becomes THEN 'SET' END,
        CASE WHEN granted.admin AND wanted.admin IS NOT NULL THEN 'ADMIN' END) END AS found
  FROM memberships AS wanted LEFT JOIN granted USING (role, member)),

settings (role, setting, value) AS (VALUES
  ('anon', 'statement_timeout', '3s'),
  ('authenticated', 'statement_timeout', '8s'),
  ('authenticator', 'statement_timeout', '8s'),
  ('authenticator', 'lock_timeout', '8s'),
  ('supabase_auth_admin', 'idle_in_transaction_session_timeout', '60s'),
  ('supabase_auth_admin', 'search_path', 'auth'),
  ('supabase_storage_admin', 'search_path', 'storage'),
  ('supabase_admin', 'search_path', '"$user", public, auth, extensions'),
  ('postgres', 'search_path', '"$user", public, extensions'),
  ('supabase_functions', 'search_path', '"$user", public, extensions'),
  ('supabase_read_only_user', 'search_path', '"$user", public, extensions')),
setting_rows AS (
  SELECT 'required' AS level, '30-role-settings' AS step, format('%s of %s', setting, role) AS what,
    value AS wanted,
    (SELECT substr(entry, length(setting) + 2)
     FROM pg_db_role_setting, unnest(setconfig) AS entry
     WHERE setdatabase = 0 AND setrole = (SELECT oid FROM pg_roles WHERE rolname = role)
       AND split_part(entry, '=', 1) = setting) AS found
  FROM settings),

extension_rows AS (
  SELECT level, '40-extensions' AS step, 'extension ' || name AS what, 'in extensions' AS wanted,
    (SELECT 'in ' || nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
     WHERE extname = name) AS found
  FROM (
    SELECT 'required' AS level, regexp_split_to_table(trim(:'extensions'), '\s+') AS name
    UNION ALL
    SELECT 'optional', regexp_split_to_table(trim(:'optional_extensions'), '\s+')) AS listed
  WHERE name <> ''),

schemas (name, owner, step) AS (VALUES
  ('supabase_bootstrap', current_user, '00-ledger'), ('extensions', current_user, '40-extensions'),
  ('auth', 'supabase_auth_admin', '50-schemas'), ('storage', 'supabase_storage_admin', '50-schemas'),
  ('realtime', 'supabase_admin', '50-schemas'), ('_realtime', 'supabase_admin', '50-schemas')),
schema_rows AS (
  SELECT 'required' AS level, step, 'schema ' || name AS what, 'owned by ' || owner AS wanted,
    (SELECT 'owned by ' || pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = name) AS found
  FROM schemas),

schema_grants (schema, privileges, grantees) AS (VALUES
  ('public', 'USAGE', 'anon authenticated service_role postgres'),
  ('public', 'CREATE', 'postgres'),
  ('extensions', 'USAGE', 'anon authenticated service_role postgres dashboard_user supabase_functions'
    ' supabase_admin supabase_auth_admin supabase_storage_admin supabase_realtime_admin'),
  ('auth', 'USAGE', 'anon authenticated service_role postgres dashboard_user supabase_admin'
    ' supabase_storage_admin supabase_realtime_admin'),
  ('storage', 'USAGE', 'anon authenticated service_role postgres dashboard_user'),
  ('realtime', 'USAGE', 'anon authenticated service_role postgres dashboard_user'),
  ('realtime', 'USAGE WITH GRANT OPTION', 'supabase_realtime_admin'),
  ('realtime', 'CREATE WITH GRANT OPTION', 'supabase_realtime_admin')),
schema_acl AS (
  SELECT nspname AS schema, pg_get_userbyid(grantee) AS grantee, privilege_type AS privilege,
    bool_or(is_grantable) AS grantable
  FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
  GROUP BY 1, 2, 3),
schema_grant_rows AS (
  SELECT 'required' AS level, '50-schemas' AS step,
    format('%s on schema %s', grantee, schema) AS what, privileges AS wanted,
    (SELECT privilege || CASE WHEN grantable AND privileges LIKE '% OPTION'
       THEN ' WITH GRANT OPTION' ELSE '' END
     FROM schema_acl AS acl
     WHERE acl.schema = wanted.schema AND acl.grantee = one.grantee
       AND acl.privilege = split_part(privileges, ' ', 1)) AS found
  FROM schema_grants AS wanted, string_to_table(grantees, ' ') AS one (grantee)),

database_rows AS (
  SELECT 'required' AS level, '50-schemas' AS step, grantee || ' on this database' AS what,
    'CREATE' AS wanted,
    (SELECT 'CREATE' FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl
     WHERE datname = current_database() AND pg_get_userbyid(acl.grantee) = wanted.grantee
       AND privilege_type = 'CREATE' LIMIT 1) AS found
  FROM unnest(ARRAY['postgres', 'supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin',
    'supabase_realtime_admin']) AS wanted (grantee)),

reload_rows AS (
  SELECT 'required' AS level, '50-schemas' AS step, 'function extensions.reload_schema' AS what,
    'executed by postgres service_role' AS wanted,
    (SELECT 'executed by ' || coalesce(string_agg(
       CASE acl.grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(acl.grantee) END, ' '
       ORDER BY pg_get_userbyid(acl.grantee))
       FILTER (WHERE acl.grantee <> proowner), 'nobody')
     FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace,
       aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
     WHERE nspname = 'extensions' AND proname = 'reload_schema'
     GROUP BY pg_proc.oid) AS found),

default_grants (schema, makers, grantees) AS (VALUES
  ('public', ARRAY['postgres', 'supabase_admin', current_user],
    'anon authenticated service_role postgres'),
  ('auth', ARRAY['supabase_auth_admin'], 'postgres dashboard_user'),
  ('storage', ARRAY['supabase_storage_admin'], 'service_role postgres')),
default_rights (kind, object, rights) AS (VALUES
  ('r', 'tables', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']),
  ('S', 'sequences', ARRAY['SELECT', 'UPDATE', 'USAGE']),
  ('f', 'functions', ARRAY['EXECUTE'])),
default_rows AS (
  SELECT 'required' AS level, '60-default-privileges' AS step,
    format('%s on new %s of %s in %s', grantee, object, maker, schema) AS what,
    array_to_string(rights, ' ') AS wanted,
    (SELECT string_agg(DISTINCT privilege_type, ' ')
     FROM pg_default_acl, aclexplode(defaclacl) AS acl
     WHERE pg_get_userbyid(defaclrole) = maker AND defaclobjtype = kind
       AND defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = schema)
       AND pg_get_userbyid(acl.grantee) = one.grantee AND privilege_type = ANY (rights)
     HAVING count(DISTINCT privilege_type) < cardinality(rights)) AS part,
    EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) AS acl
     WHERE pg_get_userbyid(defaclrole) = maker AND defaclobjtype = kind
       AND defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = schema)
       AND pg_get_userbyid(acl.grantee) = one.grantee AND privilege_type = ANY (rights)
     HAVING count(DISTINCT privilege_type) = cardinality(rights)) AS whole
  FROM default_grants, unnest(makers) AS maker, string_to_table(grantees, ' ') AS one (grantee),
    default_rights),

publication_rows AS (
  SELECT 'required' AS level, '70-publication' AS step, 'publication supabase_realtime' AS what,
    'owned by postgres' AS wanted,
    (SELECT 'owned by ' || pg_get_userbyid(pubowner) FROM pg_publication
     WHERE pubname = 'supabase_realtime') AS found),

second_rows AS (
  SELECT 'required' AS level, '80-second-database' AS step, 'database _supabase' AS what,
    'there' AS wanted, (SELECT 'there' FROM pg_database WHERE datname = '_supabase') AS found
  UNION ALL
  SELECT 'required', '80-second-database', grantee || ' on database _supabase',
    'CONNECT CREATE TEMPORARY',
    (SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type)
     FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl
     WHERE datname = '_supabase' AND pg_get_userbyid(acl.grantee) = wanted.grantee)
  FROM unnest(ARRAY['supabase_supavisor', 'supabase_analytics']) AS wanted (grantee)
  UNION ALL
  SELECT 'required', '80-second-database', 'everybody on database _supabase', 'nothing',
    coalesce((SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type)
     FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl
     WHERE datname = '_supabase' AND acl.grantee = 0), 'nothing')),

rows AS (
  SELECT * FROM role_rows
  UNION ALL SELECT * FROM login_rows
  UNION ALL SELECT * FROM login_setting_rows
  UNION ALL SELECT * FROM membership_rows
  UNION ALL SELECT * FROM setting_rows
  UNION ALL SELECT * FROM extension_rows
  UNION ALL SELECT * FROM schema_rows
  UNION ALL SELECT * FROM schema_grant_rows
  UNION ALL SELECT * FROM database_rows
  UNION ALL SELECT * FROM reload_rows
  UNION ALL SELECT level, step, what, wanted, CASE WHEN whole THEN wanted ELSE part END
    FROM default_rows
  UNION ALL SELECT * FROM publication_rows
  UNION ALL SELECT * FROM second_rows)
SELECT concat_ws(' | ', level, step, what, 'wanted: ' || wanted, 'found: ' || coalesce(found, 'nothing'))
FROM rows
WHERE found IS DISTINCT FROM wanted
ORDER BY level DESC, step, what;
