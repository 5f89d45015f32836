-- What was applied here, and by whom: one row per step. Nobody but the administrator reads it.

CREATE SCHEMA IF NOT EXISTS supabase_bootstrap;

CREATE TABLE IF NOT EXISTS supabase_bootstrap.steps (
  step text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- Columns that came later.
ALTER TABLE supabase_bootstrap.steps
  ADD COLUMN IF NOT EXISTS applied_by text NOT NULL DEFAULT current_user,
  ADD COLUMN IF NOT EXISTS chart text NOT NULL DEFAULT '';
