# Which revisions a release has, what it is now, and what it was at one of them.

if ! history=$(helm history "$RELEASE" --namespace "$NAMESPACE" --output json 2>&1); then
  printf '%s\n' "$history"
  case "$history" in *"not found"*) ;; *) exit 1 ;; esac
  history='[]'
fi
if printf '%s' "$history" | grep -qE "\"revision\": ?$REVISION[,}]"; then
  for revision in "$REVISION" ""; do
    echo "::manifest"
    helm get manifest "$RELEASE" --namespace "$NAMESPACE" ${revision:+--revision "$revision"} || exit 1
  done
fi
answer "{\"history\": $history}"
