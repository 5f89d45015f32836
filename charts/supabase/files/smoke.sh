#!/bin/sh
# Ask the gateway what a client would ask; one JSON object per check, a summary last.
#
# GATEWAY_URL        where to ask
# ANON_KEY, SERVICE_ROLE_KEY, DASHBOARD_USERNAME, DASHBOARD_PASSWORD
# SMOKE_DEADLINE     seconds within which all checks have to pass
set -uf

end=$(($(date +%s) + SMOKE_DEADLINE))
checks=0
passed=0

# A text as it stands between the quotes of curl's configuration.
quoted() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

# ask <path> <who>: print the status of the answer. Secrets reach curl by its standard input.
ask() {
  {
    printf 'url = "%s%s"\n' "$GATEWAY_URL" "$1"
    case $2 in
      anon) printf 'header = "apikey: %s"\n' "$ANON_KEY" ;;
      service) printf 'header = "apikey: %s"\nheader = "Authorization: Bearer %s"\n' "$SERVICE_ROLE_KEY" "$SERVICE_ROLE_KEY" ;;
      wrong) printf 'header = "apikey: not-a-key"\n' ;;
      dashboard) printf 'user = "%s:%s"\nlocation\n' "$(quoted "$DASHBOARD_USERNAME")" "$(quoted "$DASHBOARD_PASSWORD")" ;;
    esac
  } | curl --config - --silent --output /dev/null --max-time 10 --write-out '%{http_code}'
}

report() {
  printf '{"check":"%s","ok":%s,"expected":"%s","got":"%s"}\n' "$1" "$2" "$3" "$4"
}

# check <name> <statuses that are right, as shell patterns> <path> [who]: ask until the answer is right or time is up.
check() {
  checks=$((checks + 1))
  while :; do
    got=$(ask "$3" "${4:-nobody}")
    for wanted in $2; do
      # shellcheck disable=SC2254 # The statuses are patterns.
      case $got in
        $wanted)
          passed=$((passed + 1))
          report "$1" true "$2" "$got"
          return
          ;;
      esac
    done
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 1
  done
  report "$1" false "$2" "$got"
}

check gateway-answers '[1234]??' /
check auth-with-key 200 /auth/v1/health anon
check auth-without-key 401 /auth/v1/health
check auth-with-wrong-key 401 /auth/v1/health wrong
check auth-keys-are-public 200 /auth/v1/.well-known/jwks.json
check rest-as-service 200 /rest/v1/ service
check rest-description-is-not-for-anon '401 403' /rest/v1/ anon
check storage-answers 200 /storage/v1/status
check storage-as-service 200 /storage/v1/bucket service
check meta-as-service 200 /pg/schemas service
check meta-is-not-for-anon 403 /pg/schemas anon
check meta-without-key 401 /pg/schemas
check studio-without-password 401 /
check studio-with-password 200 / dashboard
check mcp-is-closed 403 /mcp
check api-mcp-is-closed 403 /api/mcp

ok=false
[ "$passed" -eq "$checks" ] && ok=true
printf '{"ok":%s,"checks":%d,"passed":%d}\n' "$ok" "$checks" "$passed"
$ok
