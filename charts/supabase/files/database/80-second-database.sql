-- The database of the optional services. CREATE DATABASE cannot be part of a transaction.

SELECT 'CREATE DATABASE _supabase'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '_supabase')
\gexec

BEGIN;
REVOKE CONNECT, TEMPORARY ON DATABASE _supabase FROM PUBLIC;
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE _supabase TO supabase_supavisor, supabase_analytics;
COMMIT;
