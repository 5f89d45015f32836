# Compares Kubernetes Secrets with `expected`: a salt, then a line for each key: Secret, key, SHA-256 of the salt and the
# content as base64. Contents stay in variables and pipes: neither argv nor a file shows them.

contents() { # A line for each key: Secret, key, content as base64. Helm's own Secrets are large, and no concern of ours.
  kubectl get secrets -n "$NAMESPACE" -l '!owner' -o go-template='{{range .items}}{{$name := .metadata.name}}{{
    range $key, $value := .data}}{{$name}} {{$key}} {{$value}}{{"\n"}}{{end}}{{end}}'
}

differing() { # A line for each key that is not as expected: Secret, key, what is wrong.
  local found
  found=$(contents) || return
  printf '%s\n' "$found" | {
    declare -A held
    while read -r secret key content; do
      [ -z "$key" ] || held["$secret/$key"]=$content
    done
    {
      read -r salt
      while read -r secret key digest; do
        if [ -z "${held["$secret/$key"]+there}" ]; then
          echo "$secret $key missing"
        elif [ "$(printf '%s%s' "$salt" "${held["$secret/$key"]}" | sha256sum)" != "$digest  -" ]; then
          echo "$secret $key differs"
        fi
      done
    } < expected
  }
}
