#!/bin/sh
# Make the dashboard's user list from the environment and run Envoy, which reads the API keys itself, until its work is done.
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
case ${PUBLISHABLE_KEY_ACCEPTED:+x}${SECRET_KEY_ACCEPTED:+x}${ANON_KEY_ASYMMETRIC:+x}${SERVICE_ROLE_KEY_ASYMMETRIC:+x} in
  '' | xxxx) ;;
  *) echo "gateway: publishable and secret keys stay unknown, because those of one kind or their token are missing." >&2 ;;
esac

# Envoy reads users as htpasswd lines, and knows SHA-1 only.
digest=$(printf '%s' "$DASHBOARD_PASSWORD" | openssl dgst -sha1 -binary | openssl base64 -A)
DASHBOARD_USERS="$DASHBOARD_USERNAME:{SHA}$digest"
export DASHBOARD_USERS
unset DASHBOARD_USERNAME DASHBOARD_PASSWORD

# Ask Envoy's administration on its socket: Perl is in the image, curl is not.
admin() {
  perl -MIO::Socket::UNIX -e '
    my $line = IO::Socket::UNIX->new(shift) or die "no administration: $!\n";
    print $line shift, " HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n";
    print while <$line>;' /run/gateway/admin.sock "$1"
}

idle() {
  admin 'GET /stats?filter=^http.public.downstream_rq_active$' | grep -q '^http.public.downstream_rq_active: 0'
}

# Let what is under way come to its end; each answer sends its client to another pod.
drain() {
  trap '' TERM
  drained=yes
  end=$(($(date +%s) + FINISH_SECONDS))
  admin 'POST /drain_listeners?graceful&skip_exit' > /dev/null || true
  until idle || [ "$(date +%s)" -ge "$end" ]; do sleep 1; done
  kill -TERM "$envoy" || true
}

envoy --config-path "$(dirname "$0")/envoy.yaml" --disable-hot-restart --log-level warning \
  --drain-strategy immediate --drain-time-s "$FINISH_SECONDS" "$@" &
envoy=$!
trap drain TERM
code=0 drained=''
wait "$envoy" || code=$?
if [ -n "$drained" ]; then # The signal ended the wait, not Envoy.
  code=0
  wait "$envoy" || code=$?
fi
exit "$code"
