-- The same for the database _supabase.

SELECT concat_ws(' | ', 'required', step, what, 'wanted: ' || wanted, 'found: ' || coalesce(found, 'nothing'))
FROM (
  SELECT step, 'schema ' || name || ' in _supabase' AS what, 'owned by ' || owner AS wanted,
    (SELECT 'owned by ' || pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = name) AS found
  FROM (VALUES
    ('supabase_bootstrap', current_user, '00-ledger'),
    ('_supavisor', 'supabase_supavisor', '90-second-database-schemas'),
    ('_analytics', 'supabase_analytics', '90-second-database-schemas')) AS schemas (name, owner, step)
  UNION ALL
  SELECT '90-second-database-schemas', 'search_path of ' || role || ' in _supabase', schema,
    (SELECT substr(entry, length('search_path') + 2)
     FROM pg_db_role_setting, unnest(setconfig) AS entry
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = '_supabase')
       AND setrole = (SELECT oid FROM pg_roles WHERE rolname = role)
       AND split_part(entry, '=', 1) = 'search_path')
  FROM (VALUES
    ('supabase_supavisor', '_supavisor'), ('supabase_analytics', '_analytics')) AS paths (role, schema)
) AS rows
WHERE found IS DISTINCT FROM wanted
ORDER BY step, what;
