#!/bin/sh
# Make the dashboard's user list from the environment and become Envoy, which reads the API keys itself.
set -eu

refuse() {
  echo "gateway: $1" >&2
  exit 78
}

[ -n "$ANON_KEY" ] || refuse "anon-key is empty; look at the gateway's Secret."
[ -n "$SERVICE_ROLE_KEY" ] || refuse "service-role-key is empty; look at the gateway's Secret."
[ -n "$DASHBOARD_PASSWORD" ] || refuse "dashboard-password is empty; look at the gateway's Secret."
case $DASHBOARD_USERNAME in
  '' | *:*) refuse "dashboard-username is empty or contains a colon; look at the gateway's Secret." ;;
esac

# An opaque key without its token opens nothing: the four are active together or not at all.
case ${PUBLISHABLE_KEY:+x}${SECRET_KEY:+x}${ANON_KEY_ASYMMETRIC:+x}${SERVICE_ROLE_KEY_ASYMMETRIC:+x} in
  '' | xxxx) ;;
  *) echo "gateway: publishable and secret key stay unknown, because one of them or its token is missing." >&2 ;;
esac

# Envoy reads users as htpasswd lines, and knows SHA-1 only.
digest=$(printf '%s' "$DASHBOARD_PASSWORD" | openssl dgst -sha1 -binary | openssl base64 -A)
DASHBOARD_USERS="$DASHBOARD_USERNAME:{SHA}$digest"
export DASHBOARD_USERS
unset DASHBOARD_USERNAME DASHBOARD_PASSWORD

exec envoy --config-path "$(dirname "$0")/envoy.yaml" --disable-hot-restart --log-level warning "$@"
