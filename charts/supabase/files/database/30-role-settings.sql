-- What a session of a role begins with. Timeouts of a request's role end the request's statement.

ALTER ROLE anon SET statement_timeout = '3s';
ALTER ROLE authenticated SET statement_timeout = '8s';
ALTER ROLE authenticator SET statement_timeout = '8s';
ALTER ROLE authenticator SET lock_timeout = '8s';
ALTER ROLE supabase_auth_admin SET idle_in_transaction_session_timeout = '60s';

ALTER ROLE supabase_auth_admin SET search_path = auth;
ALTER ROLE supabase_storage_admin SET search_path = storage;
ALTER ROLE supabase_admin SET search_path = "$user", public, auth, extensions;
ALTER ROLE postgres SET search_path = "$user", public, extensions;
ALTER ROLE supabase_functions SET search_path = "$user", public, extensions;
ALTER ROLE supabase_read_only_user SET search_path = "$user", public, extensions;
