#!/bin/sh
# Bring PostgreSQL to what Supabase's services expect. Safe to run again at any time: a step that is
# in the ledger with the same content, and of which nothing is missing, is left alone.
#
# bootstrap.sh apply     bring it there, set the roles' passwords, verify
# bootstrap.sh verify    only tell what is missing or different
#
# PGHOST, PGPORT, PGSSLMODE, PGDATABASE   the server, and the database of the project
# EXTENSIONS, OPTIONAL_EXTENSIONS         names, separated by spaces
# PATIENCE   seconds within which the server has to answer
# CHART      name and version of the chart, for the ledger
# SECRETS    folder with one file for each key of the Secret
set -uf

steps=$(dirname "$0")
second=_supabase

# Role, key of its password, and whether a service that is always there signs in with it.
logins='authenticator pg-rest-password required
supabase_auth_admin pg-auth-password required
supabase_storage_admin pg-storage-password required
supabase_admin pg-realtime-password required
postgres pg-meta-password required
supabase_functions pg-functions-password required
supabase_read_only_user pg-readonly-password optional
supabase_supavisor pg-supavisor-password optional
supabase_analytics pg-analytics-password optional'

say() { printf '%s\n' "$1"; }
indented() { printf '%s\n' "$1" | sed 's/^/  /'; }
stop() { # what happened, what to do next, what PostgreSQL said
  say "FAILED: $1"
  [ -n "${3:-}" ] && indented "$3"
  say "Next: $2"
  exit 1
}

sql() { # database and arguments of psql
  database=$1
  shift
  psql --dbname "$database" --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
    --set extensions="$EXTENSIONS" --set optional_extensions="$OPTIONAL_EXTENSIONS" "$@" 2>&1
}

secret() { [ -s "$SECRETS/$1" ] && cat "$SECRETS/$1"; }

connect() {
  until said=$(sql "$project" --command "SELECT current_setting('server_version_num')"); do
    case $said in
      *'password authentication failed'*)
        stop "the server refuses the administrator $PGUSER or its password" \
          'let the deployment set it again (configure), or correct pg-username and pg-password in the vault' "$said" ;;
      *database*'does not exist'*)
        stop "there is no database $project" 'create it (Terraform does), or correct database.name' "$said" ;;
      *'no pg_hba.conf entry'*)
        stop 'the server does not let this address in' "check the server's firewall rules and sslmode" "$said" ;;
      *'command not found'* | *': not found'*)
        stop 'there is no program psql here' 'use an image that has it: database.bootstrap.image' "$said" ;;
    esac
    [ "$(date +%s)" -lt "$end" ] || stop "$PGHOST does not answer for $PATIENCE s" \
      'check the name, the private zone, the NetworkPolicy and that the server is started' "$said"
    sleep 2
  done
  [ "$said" -ge 160000 ] || stop "the server is PostgreSQL $((said / 10000)), and 16 is the oldest that works" \
    'upgrade it: before 16, an administrator without superuser cannot make roles that bypass row level security' ''
}

differences() { # whatever is missing or different, in both databases
  sql "$project" --file "$steps/verify.sql" || return
  case $(sql "$project" --command "SELECT 1 FROM pg_database WHERE datname = '$second'") in
    1) sql "$second" --file "$steps/verify-second.sql" || return ;;
  esac
}

about() { printf '%s\n' "$before" | grep -c -F "$1 | $2 |"; } # level step

step() { # name, database, and `alone` for one that cannot be part of a transaction
  file=$steps/$1.sql
  checksum=$(sha256sum < "$file" | cut -d ' ' -f 1)
  recorded=$(sql "$2" --file "$steps/recorded.sql") || stop "the ledger of $2 cannot be read" \
    'run it as the administrator who ran it before, or make this one a member of that one' "$recorded"
  recorded=$(printf '%s\n' "$recorded" | awk -v step="$1" '$1 == step { print $2 }')
  required=$(about required "$1")
  optional=$(about optional "$1")
  if [ -z "$recorded" ]; then
    how=applied
  elif [ "$recorded" != "$checksum" ]; then
    how='applied: its content has changed'
  elif [ "$required" -gt 0 ]; then
    how="applied again: $required differences"
  elif [ "$optional" -gt 0 ]; then
    how="tried again: $optional optional differences"
  else
    say "$1: unchanged"
    return
  fi
  set -- "$@" -
  case $3 in
    alone)
      said=$(sql "$2" --file "$file" && sql "$2" --set step="$1" --set checksum="$checksum" \
        --set chart="$CHART" --file "$steps/end.sql") ;;
    *)
      said=$(sql "$2" --single-transaction --set step="$1" --set checksum="$checksum" \
        --set chart="$CHART" --file "$steps/begin.sql" --file "$file" --file "$steps/end.sql") ;;
  esac || stop "$1 was rolled back" \
    'correct what PostgreSQL says and deploy again; earlier steps stay (docs/runbook.md, database bootstrap)' "$said"
  say "$1: $how"
  [ -z "$said" ] || indented "$said"
}

login() ( # role password; parentheses: the administrator's name and password stay as they are
  PGUSER=$1 PGPASSWORD=$2
  sql "$project" --command 'SELECT 1' > /dev/null
)

# psql itself turns a password into its SCRAM verifier: the text never leaves this container, and
# neither argv nor a statement holds it. It reads twice from standard input, as there is no terminal.
password() { # role key need
  if ! new=$(secret "$2"); then
    say "password of $1: none, $2 is not in the Secret"
    return
  fi
  if login "$1" "$new"; then
    say "password of $1: unchanged"
    return
  fi
  said=$(printf '%s\n%s\n' "$new" "$new" | sql "$project" --command "\\password \"$1\"") &&
    login "$1" "$new" || stop "the password of $1 cannot be set" \
    "check that the administrator may alter the role, and that $2 keeps the server's rules" "$said"
  say "password of $1: set"
}

report() { # the last lines: what verify found, and the result
  found=$(differences) || stop 'verify could not ask the server' 'see what it says' "$found"
  required=$(printf '%s\n' "$found" | grep -c '^required')
  optional=$(printf '%s\n' "$found" | grep -c '^optional')
  [ -z "$found" ] || indented "$found"
  if [ "$required" -eq 0 ]; then
    say "verify: as wanted, $optional optional differences"
  else
    say "verify: $required differences, $optional optional ones"
    exit 1
  fi
}

# --- What it needs, before anything is changed -----------------------------------------------------

project=$PGDATABASE
end=$(($(date +%s) + PATIENCE))
PGUSER=$(secret pg-username) || stop 'the Secret has no pg-username' 'sync the secrets (configure)' ''
PGPASSWORD=$(secret pg-password) || stop 'the Secret has no pg-password' 'sync the secrets (configure)' ''
PGOPTIONS='-c client_min_messages=warning -c lock_timeout=30s -c statement_timeout=120s'
export PGUSER PGPASSWORD PGOPTIONS PGAPPNAME=supabase-bootstrap PGCONNECT_TIMEOUT=10

while read -r role key need; do
  [ "$role" != "$PGUSER" ] || stop "the administrator is called $role, and so is a role of Supabase" \
    'give the server an administrator of another name, e.g. pgadmin' ''
  [ "$need" = optional ] || secret "$key" > /dev/null ||
    stop "the Secret has no $key" 'sync the secrets (configure); values of secrets.database name the Secret' ''
done << END
$logins
END

connect
case ${1:-apply} in
  verify) report; exit ;;
esac

# --- What it does ----------------------------------------------------------------------------------

before=$(differences) || stop 'verify could not ask the server' 'see what it says' "$before"
step 00-ledger "$project"
step 10-roles "$project"
step 20-memberships "$project"
step 30-role-settings "$project"
step 40-extensions "$project"
step 50-schemas "$project"
step 60-default-privileges "$project"
step 70-publication "$project"
step 80-second-database "$project" alone
step 00-ledger "$second"
step 90-second-database-schemas "$second"
while read -r role key need; do
  password "$role" "$key" "$need"
done << END
$logins
END
report
