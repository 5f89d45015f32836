# Ask the platform what a client would ask, from inside the cluster: the release's own Helm test.

helm test "$RELEASE" --namespace "$NAMESPACE" --timeout "${HELM_TIMEOUT}s" >&2
code=$?
log=$(kubectl logs "job/$RELEASE-test" -n "$NAMESPACE" --tail=500 2>&1)
printf '%s\n' "$log"
checks=$(printf '%s\n' "$log" | grep '^{.*}$' | awk '{ printf "%s%s", (NR > 1 ? "," : ""), $0 }')
answer "{\"code\": $code, \"checks\": [$checks]}"
