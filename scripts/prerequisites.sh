#!/bin/sh
# Say at once what this machine lacks, and how to get it. Nothing is installed or changed here.
set -u
failed=0

need() { # program minimum found how
  if [ -z "$3" ]; then
    echo "missing: $1 $2 or newer. $4" >&2
    failed=1
  elif [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" != "$2" ]; then
    echo "too old: $1 $3; needed is $2 or newer. $4" >&2
    failed=1
  fi
}

number() { grep -Eo '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

python=${PYTHON:-python3}
need python3 3.11 "$("$python" --version 2>/dev/null | number)" \
  "Get it from https://www.python.org/downloads/ or your system's packages, or set PYTHON=."
need terraform 1.11 "$(CHECKPOINT_DISABLE=1 terraform version 2>/dev/null | number)" \
  "Get it from https://developer.hashicorp.com/terraform/install."
need kubectl 1.27 "$(kubectl version --client 2>/dev/null | number)" \
  "Get it from https://kubernetes.io/docs/tasks/tools/."
need curl 7.0 "$(curl --version 2>/dev/null | number)" "Get it from your system's packages."
need bash 3.2 "$(bash --version 2>/dev/null | number)" "Get it from your system's packages."
exit $failed
