-- What the development database lacks of what bootstrap makes on a real server; its image has made the rest.
-- Runs once, when the volume is empty.
\set auth `printenv PG_AUTH_PASSWORD`
\set rest `printenv PG_REST_PASSWORD`
\set realtime `printenv PG_REALTIME_PASSWORD`
\set storage `printenv PG_STORAGE_PASSWORD`
\set meta `printenv PG_META_PASSWORD`
\set functions `printenv PG_FUNCTIONS_PASSWORD`

ALTER ROLE supabase_auth_admin PASSWORD :'auth';
ALTER ROLE authenticator PASSWORD :'rest';
ALTER ROLE supabase_storage_admin PASSWORD :'storage';
ALTER ROLE postgres PASSWORD :'meta';
CREATE ROLE supabase_functions LOGIN NOINHERIT PASSWORD :'functions';
GRANT anon, authenticated, service_role TO supabase_functions;
CREATE SCHEMA IF NOT EXISTS _realtime AUTHORIZATION supabase_admin;

\set supavisor `printenv PG_SUPAVISOR_PASSWORD`
\set analytics `printenv PG_ANALYTICS_PASSWORD`
CREATE ROLE supabase_supavisor LOGIN PASSWORD :'supavisor';
CREATE ROLE supabase_analytics LOGIN PASSWORD :'analytics';
CREATE DATABASE _supabase;
\connect _supabase
CREATE SCHEMA _supavisor AUTHORIZATION supabase_supavisor;
CREATE SCHEMA _analytics AUTHORIZATION supabase_analytics;
ALTER ROLE supabase_supavisor IN DATABASE _supabase SET search_path = _supavisor;
ALTER ROLE supabase_analytics IN DATABASE _supabase SET search_path = _analytics;

-- Last: this session has signed in as this role.
ALTER ROLE supabase_admin PASSWORD :'realtime';
