-- After a step, in its transaction: the ledger says what was applied.

INSERT INTO supabase_bootstrap.steps (step, checksum, chart)
VALUES (:'step', :'checksum', :'chart')
ON CONFLICT (step) DO UPDATE
SET checksum = excluded.checksum, chart = excluded.chart, applied_at = now(), applied_by = current_user;
