#!/usr/bin/env bash
# Create .venv with exactly what requirements.lock says.
set -euo pipefail
scripts/prerequisites.sh

packages=$(grep -c '==' requirements.lock)
echo "Setting up .venv: $packages packages, about a minute and 900 MB …"
test -x .venv/bin/python || "${PYTHON:-python3}" -m venv .venv

progress() { # Counts what pip fetches, where somebody is watching.
  if [ -t 1 ]; then
    awk -v all="$packages" '
      /^Collecting/ { printf "\r  fetched %d of at most %d", ++n, all; fflush() }
      /^Installing/ { printf "\r  installing …                "; fflush() }
      END { print "" }'
  else
    cat > /dev/null
  fi
}
pip=(.venv/bin/pip install --disable-pip-version-check)
"${pip[@]}" --require-hashes -r requirements.lock 2> .venv/setup.log | progress || {
  cat .venv/setup.log >&2
  exit 1
}
"${pip[@]}" -qq --no-deps --no-build-isolation -e .

# The sandbox does without it, too: then nothing listens behind a PostgreSQL server.
scripts/engines.sh postgresql ||
  echo "PostgreSQL for the sandbox could not be installed; scripts/engines.sh postgresql tries again." >&2
