# What Helm keeps about releases, and how one is freed that a dead command left behind.

[ -f registry.json ] && chmod 600 registry.json && export HELM_REGISTRY_CONFIG="$PWD/registry.json"

columns='custom-columns=NS:.metadata.namespace,NAME:.metadata.labels.name'
columns="$columns,REVISION:.metadata.labels.version,STATUS:.metadata.labels.status"
columns="$columns,DIGEST:.metadata.labels.release-digest"

look() { # Keeps every revision of every release in $known.
  known=$(kubectl get secrets --all-namespaces -l owner=helm --no-headers -o "$columns")
}

newest() { # namespace name: its newest revision, status, digest, and the last revision that stood
  printf '%s\n' "$known" | awk -v namespace="$1" -v name="$2" '
    $1 != namespace || $2 != name { next }
    $3 + 0 > revision { revision = $3 + 0; status = $4; digest = $5 }
    $4 == "deployed" && $3 + 0 > good { good = $3 + 0 }
    END { print revision + 0, (status == "" ? "absent" : status), (digest == "" ? "-" : digest), good + 0 }'
}

# Helm locks a release by its status; who dies in the middle leaves it locked. It is free again only
# when no command lives that could still be at work on it. This pod's own name is its host name.
abandoned() { # name status
  local living
  if ! living=$(kubectl get pods -n aks-command --no-headers \
    -o custom-columns=NAME:.metadata.name,PHASE:.status.phase); then
    echo "$1 is $2, and whether a command still works on it cannot be told."
    return 1
  fi
  living=$(printf '%s\n' "$living" | awk -v own="${HOSTNAME:-}" \
    '$1 != own && $2 ~ /^(Pending|Running|Unknown)$/ { printf "%s ", $1 }')
  [ -z "$living" ] && return
  echo "$1 is $2, and this command may still work on it: ${living}in namespace aks-command."
  return 1
}

recover() { # name namespace revision status good
  if ! abandoned "$1" "$4"; then
    echo busy > "$1.result"
    return 1
  fi
  echo "::recovered Revision $3 was left $4 by a command that died, and none lives."
  if [ "$5" -gt 0 ]; then
    helm rollback "$1" "$5" --namespace "$2" --timeout "${HELM_TIMEOUT}s"
  else # Its objects stay, and the install that follows takes them over.
    kubectl delete secret -n "$2" -l "owner=helm,name=$1,status=$4"
  fi
}
