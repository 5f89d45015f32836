#!/bin/sh
# Bring PostgreSQL to what Supabase's services expect. Safe to run again at any time: a step that is
# in the ledger with the same content, and of which nothing is missing, is left alone.
#
# bootstrap.sh apply     bring it there, let exactly the accepted logins sign in, verify
# bootstrap.sh verify    only tell what is missing or different
#
# PGHOST, PGPORT, PGSSLMODE, PGDATABASE   the server, and the database of the project
# EXTENSIONS, OPTIONAL_EXTENSIONS         names, separated by spaces
# PATIENCE   seconds within which the server has to answer
# CHART      name and version of the chart, for the ledger
# SECRETS    folder with one file for each key of the Secret
# SCHEMAS    folder with what Realtime's image brings of its schema; empty: Realtime is off
set -uf

steps=$(dirname "$0")
second=_supabase

# Role, key of the logins by which a service becomes it, and whether that service is always there.
# Such a key holds <role>_1:password or <role>_2:password, or both with a comma between them.
logins='authenticator pg-rest-accepted required
supabase_auth_admin pg-auth-accepted required
supabase_storage_admin pg-storage-accepted required
supabase_admin pg-realtime-accepted required
postgres pg-meta-accepted required
supabase_functions pg-functions-accepted required
supabase_supavisor pg-supavisor-accepted optional
supabase_analytics pg-analytics-accepted optional'

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
    --set extensions="$EXTENSIONS" --set optional_extensions="$OPTIONAL_EXTENSIONS" \
    --set accepted="$accepted" "$@" 2>&1
}

as() ( # login, password, arguments; parentheses: the administrator stays who he is
  PGUSER=$1 PGPASSWORD=$2
  shift 2
  sql "$project" "$@"
)

secret() { [ -s "$SECRETS/$1" ] && cat "$SECRETS/$1"; }

each_login() { # what to do with role, key and need
  action=$1
  # shellcheck disable=SC2086 # Words are wanted.
  set -- $logins
  while [ $# -gt 0 ]; do
    "$action" "$1" "$2" "$3"
    shift 3
  done
}

names() { # role key need: its accepted logins, one a line
  secret "$2" | awk -v RS=, -F : '{ print $1 }'
}

password() { # login key: its password; nothing where it is not accepted
  secret "$2" | tr ',' '\n' | sed -n "s/^$1://p"
}

present() { # role key need
  case $PGUSER in
    "$1" | "$1_1" | "$1_2") stop "the administrator is called $PGUSER, and so is a role of Supabase" \
      'give the server an administrator of another name, e.g. pgadmin' '' ;;
  esac
  if ! list=$(secret "$2"); then
    [ "$3" = optional ] || stop "the Secret has no $2" \
      'sync the secrets (configure); secrets.database names the Secret' ''
  elif printf '%s\n' "$list" | tr ',' '\n' | grep -q -v -E "^$1_[12]:." ||
    names "$1" "$2" | sort | uniq -d | grep -q .; then
    stop "$2 is not of the form $1_1:password,$1_2:password" \
      'correct it in the vault (each login at most once, no comma in a password) and sync the secrets' ''
  fi
}

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
  major=$((said / 10000))
  [ "$major" -ge 16 ] || stop "the server is PostgreSQL $major, and 16 is the oldest that works" \
    'upgrade it: before 16, an administrator without superuser cannot make roles that bypass row level security' ''
}

differences() { # whatever is missing or different, in both databases
  rows=$(sql "$project" --file "$steps/verify.sql") || { say "$rows" && return 1; }
  [ -z "$rows" ] || say "$rows"
  case $rows in
    *"| database $second |"*) ;; # It is not there yet.
    *) sql "$second" --file "$steps/verify-second.sql" ;;
  esac
}

recorded() { # what is applied in both databases: database, step and checksum, one a line
  sql "$project" --file "$steps/recorded.sql" || return
  case $before in
    *"| database $second |"*) ;;
    *) sql "$second" --file "$steps/recorded.sql" ;;
  esac
}

about() { printf '%s\n' "$before" | grep -c -F "$1 | $2 |"; } # level step

step() { # name, database, and `alone` for one that cannot be part of a transaction
  file=$steps/$1.sql
  checksum=$(sha256sum < "$file" | cut -d ' ' -f 1)
  recorded=$(printf '%s\n' "$ledger" | awk -v database="$2" -v step="$1" '$1 == database && $2 == step { print $3 }')
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

works() { # role login password: whether it signs in, and its session is the role; else `said` is why
  said=$(as "$2" "$3" --command 'SELECT current_user')
  [ "$said" = "$1" ]
}

# Exactly the accepted logins sign in. psql itself turns a password into its SCRAM verifier: the text
# never leaves this container, and neither argv nor a statement holds it. It reads twice from standard
# input, as there is no terminal. Sessions that are open go on, whatever becomes of their login.
admit() { # role key need
  for login in "$1_1" "$1_2"; do
    new=$(password "$login" "$2")
    case " $open " in
      *" $login "*) is_open=yes ;;
      *) is_open='' ;;
    esac
    if [ -z "$new$is_open" ]; then
      say "login $login: stays shut"
    elif [ -z "$new" ]; then
      said=$(sql "$project" --command "ALTER ROLE \"$login\" NOLOGIN PASSWORD NULL") ||
        stop "the login $login cannot be shut" 'check that the administrator may alter the role' "$said"
      say "login $login: shut"
    elif [ "$is_open" ] && works "$1" "$login" "$new"; then
      say "login $login: unchanged"
    else
      said=$(printf '%s\n%s\n' "$new" "$new" | sql "$project" --command "\\password \"$login\"" \
        --command "ALTER ROLE \"$login\" LOGIN") && works "$1" "$login" "$new" ||
        stop "the login $login cannot be opened" \
          "check that the administrator may alter the role, that $2 keeps the server's rules, and that the server is not 16.5 or 17.1, which ignore the role of a login" "$said"
      say "login $login: open"
    fi
  done
}

refused() { # role key need: rows for what no catalogue tells the administrator
  for login in $(names "$1" "$2"); do
    works "$1" "$login" "$(password "$login" "$2")" ||
      say "required | logins | session of $login | wanted: $1 | found: $(printf '%s\n' "$said" | tail -n 1)"
  done
}

# Realtime's migrations set log_min_messages in a function, which only a superuser may. Its image holds
# their result as well, one file for each version of PostgreSQL that they differ for: an empty schema
# gets that, without the setting, and Realtime finds nothing left to do (docs/adr, realtime).
realtime_schema() {
  [ -n "${SCHEMAS:-}" ] || return 0
  owner=$(names supabase_admin pg-realtime-accepted | head -n 1)
  key=$(password "$owner" pg-realtime-accepted)
  applied=$(as "$owner" "$key" --file "$steps/realtime.sql") ||
    stop "the migrations of realtime cannot be counted" 'see what PostgreSQL says' "$applied"
  dump=
  for version in "$major" "$((major - 1))" "$((major - 2))"; do
    [ -n "$dump" ] || [ ! -s "$SCHEMAS/tenant_db_dump_$version.sql" ] ||
      dump=$SCHEMAS/tenant_db_dump_$version.sql
  done
  known=0
  [ -z "$dump" ] || known=$(grep -c '^INSERT INTO realtime."schema_migrations"' "$dump")
  if [ "$applied" -gt 0 ]; then
    left=$((known - applied))
    [ "$left" -gt 0 ] || left=no
    say "schema of realtime: unchanged, $applied migrations are applied, $left more are in the image"
    return
  fi
  [ -n "$dump" ] || stop "the image of Realtime brings no schema for PostgreSQL $major" \
    'use an image that was tried with this chart (docs/adr/0009), or switch Realtime off; its own migrations need a superuser' ''
  said=$(sed '/^ *SET log_min_messages TO /d' "$dump" |
    as "$owner" "$key" --single-transaction --output /dev/null --file -) ||
    stop 'the schema of realtime was rolled back' \
      'use an image of Realtime that was tried with this chart, or switch Realtime off' "$said"
  say "schema of realtime: applied, $known migrations"
}

report() { # the last lines: what verify found, and the result
  found=$(differences && "$@") || stop 'verify could not ask the server' 'see what it says' "$found"
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

each_login present
accepted=$(each_login names | tr '\n' ' ')

connect
case ${1:-apply} in
  verify) report each_login refused; exit ;;
esac

# --- What it does ----------------------------------------------------------------------------------

look() { before=$(differences) || stop 'verify could not ask the server' 'see what it says' "$before"; }

look
ledger=$(recorded) || stop 'the ledger of an earlier run cannot be read' \
  'run it as the administrator who ran it before, or make this one a member of that one' "$ledger"
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
look # A login has what its role has by now.
step 95-logins "$project"
open=$(sql "$project" --command 'SELECT rolname FROM pg_roles WHERE rolcanlogin' | tr '\n' ' ')
each_login admit
realtime_schema
report true
