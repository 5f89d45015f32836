# Sourced first by every script. The pod has no home that can be written to, and helm wants one.
set -u
export HOME="${TMPDIR:-/tmp}/home"
export HELM_CACHE_HOME="$HOME/cache" HELM_CONFIG_HOME="$HOME/config" HELM_DATA_HOME="$HOME/data"
mkdir -p "$HOME"

# Everything after this mark is the script's one JSON document.
answer() { printf '\n::answer\n%s\n' "$1"; }
