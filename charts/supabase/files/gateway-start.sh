#!/bin/sh
# Make the dashboard's user list from the environment and become Envoy, which reads the API keys itself.
set -eu

refuse() {
  echo "gateway: $1" >&2
  exit 78
}

[ -n "$ANON_KEY" ] || refuse "anon-key is empty; look at the Secret with the JWT keys."
[ -n "$SERVICE_ROLE_KEY" ] || refuse "service-role-key is empty; look at the Secret with the JWT keys."
[ -n "$DASHBOARD_PASSWORD" ] || refuse "dashboard-password is empty; look at the Secret of the dashboard."
case $DASHBOARD_USERNAME in
  '' | *:*) refuse "dashboard-username is empty or contains a colon; look at the Secret of the dashboard." ;;
esac

# Envoy reads users as htpasswd lines, and knows SHA-1 only.
digest=$(printf '%s' "$DASHBOARD_PASSWORD" | openssl dgst -sha1 -binary | openssl base64 -A)
DASHBOARD_USERS="$DASHBOARD_USERNAME:{SHA}$digest"
export DASHBOARD_USERS
unset DASHBOARD_USERNAME DASHBOARD_PASSWORD

exec envoy --config-path "$(dirname "$0")/envoy.yaml" --disable-hot-restart --log-level warning "$@"
