# Ask the platform what a client would ask, from inside the cluster: the release's own Helm tests.

helm test "$RELEASE" --namespace "$NAMESPACE" --timeout "${HELM_TIMEOUT}s" >&2
code=$?
other='{range .items[?(@.metadata.annotations.helm\.sh/hook=="test")]}{.metadata.name}{"\n"}{end}'
for job in $(kubectl get jobs -n "$NAMESPACE" -l "app.kubernetes.io/instance=$RELEASE" -o "jsonpath=$other"); do
  [ "$job" = "$RELEASE-test" ] || kubectl logs "job/$job" -n "$NAMESPACE" --tail=50 2>&1
done
log=$(kubectl logs "job/$RELEASE-test" -n "$NAMESPACE" --tail=500 2>&1)
printf '%s\n' "$log"
checks=$(printf '%s\n' "$log" | grep '^{.*}$' | awk '{ printf "%s%s", (NR > 1 ? "," : ""), $0 }')
answer "{\"code\": $code, \"checks\": [$checks]}"
