#!/bin/sh
# Start S3Proxy so that several clients may sign: it takes a file of properties for each identity, and they differ
# in nothing else. The start of its image writes one file only.
#
# start.sh <program> <folder>   S3Proxy's archive, and a folder in memory for the files
set -euf
umask 077
program=$1 folder=$2
set --

property() { # name and value, as such a file holds them
  printf '%s=%s\n' "$1" "$(printf '%s' "$2" | sed 's/\\/\\\\/g')"
}

IFS=,
for accepted in $ACCEPTED; do
  case $accepted in
    ?*:?*) ;;
    *)
      echo "s3proxy: the accepted credentials are not of the form keyId:accessKey,keyId:accessKey; look at the Secret." >&2
      exit 78
      ;;
  esac
  file=$folder/$#.properties
  {
    property s3proxy.endpoint "$S3PROXY_ENDPOINT"
    property s3proxy.authorization "$S3PROXY_AUTHORIZATION"
    property s3proxy.ignore-unknown-headers "$S3PROXY_IGNORE_UNKNOWN_HEADERS"
    property s3proxy.identity "${accepted%%:*}"
    property s3proxy.credential "${accepted#*:}"
    property jclouds.provider "$JCLOUDS_PROVIDER"
    property jclouds.endpoint "$JCLOUDS_ENDPOINT"
    property jclouds.identity "$JCLOUDS_IDENTITY"
    property jclouds.credential "$JCLOUDS_CREDENTIAL"
  } > "$file"
  set -- "$@" --properties "$file"
done
unset IFS
[ $# -gt 0 ] || { echo "s3proxy: no credential is accepted; look at the Secret." >&2 && exit 78; }

# shellcheck disable=SC2086 # Words are wanted.
exec java -XX:MaxRAMPercentage=75 $S3PROXY_JAVA_OPTS -DLOG_LEVEL="${LOG_LEVEL:-info}" -jar "$program" "$@"
