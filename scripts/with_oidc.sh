#!/usr/bin/env bash
# Run a command with GitHub's token for Azure in ARM_OIDC_TOKEN_FILE_PATH, renewed as long as it
# lasts: a token of GitHub's lives for minutes, a deploy for longer.
set -euo pipefail
: "${ARM_OIDC_TOKEN_FILE_PATH:?}" "${ACTIONS_ID_TOKEN_REQUEST_URL:?}" "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:?}"
every=${OIDC_EVERY:-180}

renew() {
  umask 077
  curl --silent --show-error --fail --retry 3 --config - <<< "header = \"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\"
url = \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange\"" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["value"], end="")' \
      > "$ARM_OIDC_TOKEN_FILE_PATH.new"
  mv "$ARM_OIDC_TOKEN_FILE_PATH.new" "$ARM_OIDC_TOKEN_FILE_PATH"
}

renew
while sleep "$every"; do renew || echo "The token could not be renewed; the old one stays." >&2; done &
renewing=$!
trap 'kill "$renewing" 2> /dev/null; rm -f "$ARM_OIDC_TOKEN_FILE_PATH"' EXIT
"$@"
