# Bring Helm releases to the wanted state. What is deployed with the same digest is left alone.
#
# releases.list: one release a line: name namespace digest wait|go chart version; "-" is none.
# A line of dashes closes a group. Releases of one group are installed side by side; after a
# failure the later groups are skipped, since they stand on the earlier ones.

columns='custom-columns=NS:.metadata.namespace,NAME:.metadata.labels.name,STATUS:.metadata.labels.status,DIGEST:.metadata.labels.release-digest'
deployed=$(kubectl get secrets --all-namespaces -l owner=helm --no-headers -o "$columns") || exit 1
deployed=$(printf '%s\n' "$deployed" | awk '{ print $1, $2, $3, $4 }')

bring() { # name namespace digest mode chart version
  if printf '%s\n' "$deployed" | grep -qxF "$2 $1 deployed $3"; then
    echo unchanged > "$1.result"
    return
  fi
  flags=(--install --namespace "$2" --create-namespace --values "$1.values.yaml")
  flags+=(--history-max 10 --timeout "${HELM_TIMEOUT}s")
  [ "$4" = wait ] && flags+=(--wait)
  [ "$6" != - ] && flags+=(--version "$6")
  echo failed > "$1.result"
  helm upgrade "$1" "$5" "${flags[@]}" || return
  # The digest goes on last: a release that was interrupted before is brought again.
  kubectl label --overwrite -n "$2" "$(kubectl get secrets -n "$2" -o name \
    -l "owner=helm,name=$1,status=deployed")" "release-digest=$3" && echo deployed > "$1.result"
}

names= failed=
while read -r name namespace digest mode chart version; do
  case "$name" in
    ---*)
      wait
      grep -qx failed ./*.result && failed=yes
      continue
      ;;
  esac
  names="$names $name"
  if [ "$failed" ]; then
    echo skipped > "$name.result"
    continue
  fi
  { bring "$name" "$namespace" "$digest" "$mode" "$chart" "$version" 2>&1 | sed "s/^/[$name] /"; } &
done < releases.list
wait

results=
for name in $names; do
  results="$results${results:+,}{\"name\":\"$name\",\"result\":\"$(cat "$name.result")\"}"
done
if [ "$failed" ]; then
  echo "[events] the newest warnings in the cluster:"
  kubectl get events --all-namespaces --field-selector type=Warning --no-headers \
    --sort-by=.lastTimestamp 2>&1 | tail -n 10 | sed 's/^/[events] /'
fi
answer "{\"releases\":[$results]}"
