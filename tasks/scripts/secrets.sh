# Bring Kubernetes Secrets to what the vault holds, key by key, and tell what is left. A nudge (any new annotation) is
# answered at once; without it, External Secrets' own next look may be an hour or, after a failure, seven minutes away.
. ./contents.sh

kind=externalsecrets.external-secrets.io

look() { # A line for each ExternalSecret: name, Ready, reason.
  kubectl get "$kind" -n "$NAMESPACE" -o go-template='{{range .items}}{{.metadata.name}}{{range .status.conditions}}{{
    if eq .type "Ready"}} {{.status}} {{.reason}}{{end}}{{end}}{{"\n"}}{{end}}'
}

survey() { # What there is, what is wrong with it, and the names of those that a nudge may help.
  states=$(look) && wrong=$(differing) || exit 1
  behind=$(printf '%s\n' "$wrong" "$states" | awk '
    $3 == "missing" || $3 == "differs" { late[$1]; next }
    $1 != "" && ($2 != "True" || $1 in late) { print $1 }')
}

survey
nudged=$behind
if [ -n "$nudged" ]; then
  # shellcheck disable=SC2086 # One argument for each name.
  kubectl annotate "$kind" -n "$NAMESPACE" $nudged "force-sync=$(date +%s)-$RANDOM" --overwrite ||
    exit 1
  deadline=$(($(date +%s) + PATIENCE))
  while [ -n "$behind" ] && [ "$(date +%s)" -lt "$deadline" ]; do
    sleep 0.3
    survey
  done
fi

events= # A line for each: ExternalSecret, when, the message as in an address; the newest last.
if [ -n "$behind" ]; then
  events=$(kubectl get events -n "$NAMESPACE" --field-selector reason=UpdateFailed -o go-template='{{range .items}}{{
    .involvedObject.name}} {{or .lastTimestamp .eventTime .metadata.creationTimestamp}} {{
    printf "%.2000s" .message | urlquery}}{{"\n"}}{{end}}' | sort -k 2,2) || exit 1
  events=$(printf '%s\n' "$events" | {
    declare -A newest
    while read -r name _ message; do
      [ -z "$name" ] || newest["$name"]=$message
    done
    for name in "${!newest[@]}"; do echo "$name ${newest["$name"]}"; done
  })
fi

lines() { # A list of strings in JSON; nothing in the lines needs an escape.
  printf '%s\n' "$1" | while read -r line; do
    [ -z "$line" ] || printf '%s"%s"' "${comma-}" "$line"
    [ -z "$line" ] || comma=', '
  done
}
answer "{\"states\": [$(lines "$states")], \"wrong\": [$(lines "$wrong")],
\"nudged\": [$(lines "$nudged")], \"events\": [$(lines "$events")]}"
