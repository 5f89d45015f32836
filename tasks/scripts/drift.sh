# Look at everything that can drift inside the cluster, and change nothing: one command for all of it.
#
# names.list: one release a line: name namespace digest; "-" is none. `expected`, if there: a salt, then a line for each
# key: Secret, key, SHA-256 of the salt and the content as base64. The log holds the objects that differ from their
# release; the answer, lines. What could not be read is told in `troubles`, and the rest goes on.

. ./contents.sh
. ./history.sh

# kubectl diff hands over two folders: the objects as they are, and as they would be after an apply.
cat > compare << 'END'
#!/usr/bin/env bash
for file in "$2"/*; do
  name=${file##*/} old=
  [ -f "$1/$name" ] && old=$(< "$1/$name")
  new=$(< "$file")
  [ "$old" = "$new" ] || printf '::object %s\n::live\n%s\n::wanted\n%s\n::end\n' "$name" "$old" "$new"
done
END
chmod +x compare

release() { # name namespace digest: how it stands, and in which objects it is not what it was.
  local revision status digest version=-
  read -r revision status digest _ <<< "$(newest "$2" "$1")"
  if [ "$status" != absent ]; then
    ask "objects of $1" objects "$1" "$2"
    version=$(awk '$1 == "helm.sh/chart:" { print $2; exit }' "$1.manifest")
  fi
  echo "$1 $revision $status $digest ${version:--}" > "$1.release"
  case "$status $digest" in
    "deployed $3" | absent*) ;;
    *) [ "$3" = - ] || helm get values "$1" --namespace "$2" --output json > "$1.values" ;;
  esac
}

objects() { # name namespace
  helm get manifest "$1" --namespace "$2" > "$1.manifest" &&
    KUBECTL_EXTERNAL_DIFF=./compare kubectl diff --server-side --force-conflicts \
      --field-manager=helm --namespace "$2" --filename "$1.manifest"
}

# A line each: kind, namespace, name, how many there should be, how many are ready.
WORKLOADS='{{range .items}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}} {{
  if eq .kind "DaemonSet"}}{{.status.desiredNumberScheduled}} {{or .status.numberReady 0}}{{
  else}}{{.spec.replicas}} {{or .status.readyReplicas 0}}{{end}}{{"\n"}}{{end}}'
# A line for each container or pod that waits or has ended badly: namespace, pod, reason.
PODS='{{range .items}}{{$pod := printf "%s %s" .metadata.namespace .metadata.name}}{{
  range .status.containerStatuses}}{{if not .ready}}{{with .state.waiting}}{{$pod}} {{.reason}}{{"\n"}}{{end}}{{
  with .state.terminated}}{{$pod}} {{.reason}}{{"\n"}}{{end}}{{end}}{{end}}{{
  range .status.conditions}}{{if eq .type "PodScheduled"}}{{if eq .status "False"}}{{
  $pod}} {{.reason}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
# A line each: namespace, name, least, most, present and wanted replicas.
SCALERS='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{or .spec.minReplicas 1}} {{
  .spec.maxReplicas}} {{or .status.currentReplicas 0}} {{or .status.desiredReplicas 0}}{{"\n"}}{{end}}'
# A line each: name, certificate.
CERTIFICATES='{{range .items}}{{.metadata.name}} {{index .data "tls.crt"}}{{"\n"}}{{end}}'
# A line each: ExternalSecret, Ready, when it was copied last, why not.
STATES='{{range .items}}{{.metadata.name}}{{$when := .status.refreshTime}}{{range .status.conditions}}{{
  if eq .type "Ready"}} {{.status}} {{or $when "-"}} {{.reason}}{{end}}{{end}}{{"\n"}}{{end}}'

ask() { # part command…: keeps what it says, or why it says nothing.
  local part=$1
  shift
  "$@" > "$part.lines" 2> "$part.complaint" || mv "$part.complaint" "$part.trouble"
}

lines() { # Its input as strings of a JSON list; nothing in the lines needs an escape.
  local line comma=
  while read -r line; do
    [ -z "$line" ] && continue
    printf '%s"%s"' "$comma" "$line"
    comma=', '
  done
}

ask releases look
if [ ! -f releases.trouble ]; then
  while read -r name namespace wanted; do
    release "$name" "$namespace" "$wanted" &
  done < names.list
fi
ours=app.kubernetes.io/managed-by=Helm
ask workloads kubectl get deployments,statefulsets,daemonsets -A -l "$ours" -o go-template="$WORKLOADS" &
ask pods kubectl get pods -n "$NAMESPACE" -o go-template="$PODS" &
ask scalers kubectl get horizontalpodautoscalers -A -l "$ours" -o go-template="$SCALERS" &
ask certificates kubectl get secrets -n "$NAMESPACE" --field-selector type=kubernetes.io/tls \
  -o go-template="$CERTIFICATES" &
ask states kubectl get externalsecrets.external-secrets.io -n "$NAMESPACE" -o go-template="$STATES" &
[ ! -f expected ] || ask contents differing &
wait

values=
while read -r name _; do
  [ ! -s "objects of $name.lines" ] || { echo "::release $name" && cat "objects of $name.lines"; }
  [ ! -s "$name.values" ] || values="$values${values:+, }\"$name\": $(< "$name.values")"
done < names.list
document=
for part in workloads pods scalers certificates states contents; do
  [ ! -f "$part.lines" ] || document="$document\"$part\": [$(lines < "$part.lines")], "
done
troubles=$(for file in *.trouble; do
  [ ! -f "$file" ] || echo "${file%.trouble}: $(tr '\n\t"\\' "  ''" < "$file" | cut -c 1-400)"
done)
answer "{$document\"releases\": [$(cat ./*.release 2>&- | lines)], \"values\": {$values},
\"troubles\": [$(lines <<< "$troubles")]}"
