-- In _supabase: a schema for each of the optional services, and their way to it.

CREATE SCHEMA IF NOT EXISTS _supavisor AUTHORIZATION supabase_supavisor;
CREATE SCHEMA IF NOT EXISTS _analytics AUTHORIZATION supabase_analytics;

ALTER ROLE supabase_supavisor IN DATABASE _supabase SET search_path = _supavisor;
ALTER ROLE supabase_analytics IN DATABASE _supabase SET search_path = _analytics;
