# Tell how far External Secrets is, after a nudge to those that failed: its own next try may be
# seven minutes away.

kind=externalsecrets.external-secrets.io
ready='{range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
states=$(kubectl get "$kind" -n "$NAMESPACE" -o "jsonpath=$ready") || exit 1
late=$(printf '%s\n' "$states" | awk '$1 != "" && $2 != "True" { print $1 }')
if [ -n "$late" ]; then
  # shellcheck disable=SC2086 # One argument for each name.
  kubectl annotate "$kind" -n "$NAMESPACE" $late "force-sync=$(date +%s)" --overwrite || exit 1
  # shellcheck disable=SC2086
  kubectl wait "$kind" -n "$NAMESPACE" $late --for=condition=Ready --timeout="${PATIENCE}s"
fi

columns='custom-columns=NAME:.metadata.name,VERSION:.metadata.resourceVersion'
answer "{\"secrets\": $(kubectl get "$kind" -n "$NAMESPACE" -o json),
\"events\": $(kubectl get events -n "$NAMESPACE" --field-selector reason=UpdateFailed -o json),
\"versions\": \"$(kubectl get secrets -n "$NAMESPACE" -l '!owner' --no-headers -o "$columns" |
  awk '{ printf "%s=%s ", $1, $2 }')\"}"
