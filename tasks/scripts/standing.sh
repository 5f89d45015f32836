# What stands of each release: its newest revision, status and digest, and the values it was given.
# names.list: one a line: name namespace.

. ./history.sh

look || exit 1
results=
while read -r name namespace; do
  read -r revision status digest _ <<< "$(newest "$namespace" "$name")"
  values=null
  if [ "$status" != absent ]; then
    values=$(helm get values "$name" --namespace "$namespace" --output json) || exit 1
  fi
  results="$results${results:+,}{\"name\":\"$name\",\"revision\":$revision,\"status\":\"$status\",\
\"digest\":\"$digest\",\"values\":$values}"
done < names.list
answer "{\"releases\":[$results]}"
