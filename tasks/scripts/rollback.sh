# Take releases back. releases.list: one a line: name namespace revision; "-" means: if its newest
# revision failed, to the one that stood before.

. ./history.sh

take_back() { # name namespace wanted
  local revision status digest good target=
  read -r revision status digest good <<< "$(newest "$2" "$1")"
  case "$3 $status" in
    "- failed" | "- pending-"*) [ "$good" -gt 0 ] && target=$good ;;
    "- "*) ;;
    *) target=$3 ;;
  esac
  echo "unchanged -" > "$1.result"
  [ "$target" ] || return 0
  echo "failed $target" > "$1.result"
  case "$status" in
    pending-*)
      if ! abandoned "$1" "$status"; then
        echo "busy $target" > "$1.result"
        return
      fi
      ;;
  esac
  helm rollback "$1" "$target" --namespace "$2" --wait --timeout "${HELM_TIMEOUT}s" &&
    echo "deployed $target" > "$1.result"
}

look || exit 1
results=
while read -r name namespace wanted; do
  take_back "$name" "$namespace" "$wanted" > "$name.log" 2>&1
  sed "s/^/[$name] /" "$name.log"
  read -r result target < "$name.result"
  results="$results${results:+,}{\"name\":\"$name\",\"result\":\"$result\",\"revision\":\"$target\"}"
done < releases.list
answer "{\"releases\":[$results]}"
