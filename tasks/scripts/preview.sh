# What an upgrade of each release in releases.list would change, asked of helm and the API server
# without doing it. Prints only the objects that differ, before and after: a log has its limits.

. ./history.sh

only_in() { # mark one other: the objects of `other` that `one` lacks; of long ones, their name
  awk -v mark="$1" -v most=20000 '
    /^---/ {
      if (NR == FNR) known[text] = 1
      else if (text ~ /[^ \n]/ && !(text in known)) {
        print mark
        printf "%s", (length(text) > most ? name "signs: " length(text) "\n" : text)
      }
      text = name = ""
      next
    }
    { text = text $0 "\n" }
    /^(apiVersion|kind|metadata):/ || (/^  name:/ && name !~ /\n  name:/) { name = name $0 "\n" }
  ' "$2" "$3"
}

look || exit 1
results=
while read -r name namespace digest mode chart version; do
  case "$name" in ---*) continue ;; esac
  read -r revision status _ <<< "$(newest "$namespace" "$name")"
  echo --- > "$name.before"
  if [ "$status" != absent ]; then
    { helm get manifest "$name" --namespace "$namespace" || exit 1; echo ---; } > "$name.before"
  fi
  flags=(--install --namespace "$namespace" --values "$name.values.yaml" --dry-run=server)
  [ "$version" != - ] && flags+=(--version "$version")
  result=known
  if helm upgrade "$name" "$chart" "${flags[@]}" > "$name.printed" 2> "$name.errors"; then
    { awk '/^MANIFEST:$/ { on = 1; next } /^NOTES:$/ { on = 0 } on' "$name.printed"; echo ---; } > "$name.after"
    echo "::release $name"
    only_in ::before "$name.after" "$name.before"
    only_in ::after "$name.before" "$name.after"
  else
    result=unknown
    sed "s/^/[$name] /" "$name.errors"
  fi
  results="$results${results:+,}{\"name\":\"$name\",\"result\":\"$result\"}"
done < releases.list
answer "{\"releases\":[$results]}"
