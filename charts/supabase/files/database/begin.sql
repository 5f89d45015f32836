-- Before a step, in its transaction: two runs must not meet. The second waits for the first.

SELECT pg_advisory_xact_lock(hashtext('supabase_bootstrap'))
\g /dev/null
