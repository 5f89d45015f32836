# Bring Helm releases to the wanted state. What is deployed with the same digest is left alone.
#
# releases.list: one release a line: name namespace digest wait|go chart version; "-" is none.
# A line of dashes closes a group. Releases of one group are installed side by side; after a
# failure the later groups are skipped, since they stand on the earlier ones.
# Lines begin with "[name]"; "[why name]" is what a person reads and nobody judges by.

. ./history.sh

bring() { # name namespace digest mode chart version
  local revision status digest good
  read -r revision status digest good <<< "$(newest "$2" "$1")"
  if [ "$status $digest" = "deployed $3" ]; then
    echo unchanged > "$1.result"
    return
  fi
  echo failed > "$1.result"
  case "$status" in
    pending-*) recover "$1" "$2" "$revision" "$status" "$good" || return ;;
  esac
  flags=(--install --namespace "$2" --create-namespace --values "$1.values.yaml")
  flags+=(--history-max 10 --timeout "${HELM_TIMEOUT}s")
  [ "$4" = wait ] && flags+=(--wait)
  [ "$6" != - ] && flags+=(--version "$6")
  if ! helm upgrade "$1" "$5" "${flags[@]}"; then
    evidence "$1" "$2" "$good" 2>&1 | sed "s/^/::why /"
    return
  fi
  # The digest goes on last: a release that was interrupted before is brought again.
  read -r revision status digest good <<< "$(look; newest "$2" "$1")"
  kubectl label --overwrite -n "$2" secret "sh.helm.release.v1.$1.v$revision" \
    "release-digest=$3" && echo deployed > "$1.result"
}

evidence() { # name namespace good
  local job pod container ready reason message
  # Tests are jobs, too, and no part of an upgrade.
  kubectl get jobs -n "$2" -l "app.kubernetes.io/instance=$1" -o jsonpath="$JOBS" |
    awk -F '|' '$2 > 0 && $3 !~ /test/ { print $1 }' | while read -r job; do
    echo "Job $job failed. Its last lines:"
    kubectl logs "job/$job" -n "$2" --all-containers --tail=25 2>&1 | sed 's/^/    /'
  done
  # One line for each container that waits or has ended badly.
  kubectl get pods -n "$2" -l "app.kubernetes.io/instance=$1" -o jsonpath="$CONTAINERS" |
    awk -F '|' '{ pod = $1; for (i = 2; i + 3 <= NF; i += 4) if ($i != "" && $(i + 1) != "true" && $(i + 2) != "" && $(i + 2) != "Completed")
      print pod "|" $i "|" $(i + 2) "|" $(i + 3) }' > "$1.waiting"
  head -n 8 "$1.waiting" | while IFS='|' read -r pod container reason message; do
    echo "Pod $pod, container $container: $reason${message:+: $message}"
    case "$reason" in
      CrashLoopBackOff | Error)
        kubectl logs "$pod" -c "$container" -n "$2" --previous --tail=10 2>&1 | sed 's/^/    /'
        ;;
    esac
  done
  # A release that ran before and now cannot start: time does not help.
  if [ "$3" -gt 0 ] && grep -qE "\|($HOPELESS)\|" "$1.waiting"; then echo hopeless > "$1.result"; fi
}

JOBS='{range .items[*]}{.metadata.name}|{.status.failed}|{.metadata.annotations.helm\.sh/hook}{"\n"}{end}'
STATE='{.name}|{.ready}|{.state.waiting.reason}{.state.terminated.reason}|{.state.waiting.message}|'
CONTAINERS="{range .items[*]}{.metadata.name}|{range .status.initContainerStatuses[*]}$STATE{end}\
{range .status.containerStatuses[*]}$STATE{end}{\"\\n\"}{end}"
HOPELESS='ErrImagePull|ImagePullBackOff|InvalidImageName|CreateContainerConfigError|CrashLoopBackOff'

EVENTS='custom-columns=AT:.lastTimestamp,NS:.metadata.namespace,NAME:.involvedObject.name'
EVENTS="$EVENTS,REASON:.reason,MESSAGE:.message"

began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
look || exit 1
names= failed=
while read -r name namespace digest mode chart version; do
  case "$name" in
    ---*)
      wait
      grep -qxE 'failed|hopeless|busy' ./*.result && failed=yes
      continue
      ;;
  esac
  names="$names $name"
  if [ "$failed" ]; then
    echo skipped > "$name.result"
    continue
  fi
  { bring "$name" "$namespace" "$digest" "$mode" "$chart" "$version" 2>&1 |
    sed -e "s/^::why /[why $name] /;t" -e "s/^/[$name] /"; } &
done < releases.list
wait

results=
for name in $names; do
  results="$results${results:+,}{\"name\":\"$name\",\"result\":\"$(cat "$name.result")\"}"
done
if [ "$failed" ]; then
  kubectl get events --all-namespaces --field-selector type=Warning --no-headers \
    --sort-by=.lastTimestamp -o "$EVENTS" 2>&1 |
    awk -v began="$began" '$1 >= began { $1 = "Warning:"; print }' | uniq | tail -n 10 | sed 's/^/[events] /'
fi
answer "{\"releases\":[$results]}"
