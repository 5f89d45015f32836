# Bring External Secrets up to the vault's revision and tell how far it is. A nudge (any new
# annotation) is answered at once; without it, its own next look may be an hour or, after a
# failure, seven minutes away.

kind=externalsecrets.external-secrets.io
look() { # One line each: name, Ready, what it has synced, the nudge it was given.
  kubectl get "$kind" -n "$NAMESPACE" -o "jsonpath={range .items[*]}{.metadata.name}{\"|\"}\
{.status.conditions[?(@.type==\"Ready\")].status}{\"|\"}{.status.syncedResourceVersion}{\"|\"}\
{.metadata.annotations.force-sync}{\"\\n\"}{end}"
}

before=$(look) || exit 1
# Not ready, or last nudged for an older revision of the vault.
behind=$(printf '%s\n' "$before" | awk -F '|' -v revision="$REVISION" \
  '$1 != "" && ($2 != "True" || index($4, revision) != 1) { print $1 }')
if [ -n "$behind" ]; then
  # shellcheck disable=SC2086 # One argument for each name.
  kubectl annotate "$kind" -n "$NAMESPACE" $behind "force-sync=$REVISION-$(date +%s)" \
    --overwrite || exit 1
  deadline=$(($(date +%s) + PATIENCE))
  while :; do
    now=$(look) || exit 1
    # Those whose last sync is still the one from before the nudge.
    stale=$(printf '%s\n%s\n' "$before" "$now" | awk -F '|' -v names=" $(echo $behind) " '
      $1 == "" || index(names, " " $1 " ") == 0 { next }
      !($1 in old) { old[$1] = $3; next }
      $2 != "True" || $3 == old[$1] { print $1 }')
    [ -z "$stale" ] || [ "$(date +%s)" -ge "$deadline" ] && break
    sleep 0.2
  done
fi

secrets=$(kubectl get "$kind" -n "$NAMESPACE" -o json) || exit 1
events=$(kubectl get events -n "$NAMESPACE" --field-selector reason=UpdateFailed -o json) || exit 1
versions=$(kubectl get secrets -n "$NAMESPACE" -l '!owner' --no-headers \
  -o custom-columns=NAME:.metadata.name,VERSION:.metadata.resourceVersion) || exit 1
answer "{\"secrets\": $secrets, \"events\": $events, \"stale\": \"$(echo ${stale:-})\",
\"versions\": \"$(printf '%s\n' "$versions" | awk '{ printf "%s=%s ", $1, $2 }')\"}"
