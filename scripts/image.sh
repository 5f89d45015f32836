#!/usr/bin/env bash
# Build the worker image: image.sh NAME:TAG [--push]. Bases are taken by the digest that their tags
# have now. With --push, image.txt names the result by digest and sbom.json lists what is in it.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?"Say what it is called: scripts/image.sh registry.example.com/worker:1.0 [--push]"}
file=deployments/images/worker/Containerfile
arguments=()
while IFS='= ' read -r _ variable base; do
  digest=$(docker buildx imagetools inspect "$base" --format '{{.Manifest.Digest}}')
  arguments+=(--build-arg "$variable=${base%%:*}@$digest")
done < <(grep -E '^ARG [A-Z]+_IMAGE=' "$file")

common=(--file "$file" --tag "$name" --build-arg "REVISION=$(git rev-parse HEAD)" "${arguments[@]}")
if [ "${2:-}" != --push ]; then
  exec docker build "${common[@]}" .
fi
docker buildx inspect worker-image > /dev/null 2>&1 ||
  docker buildx create --name worker-image --driver docker-container > /dev/null # It can attest.
docker buildx build --builder worker-image --sbom=true --provenance=mode=max --push \
  --metadata-file .image.json "${common[@]}" .
digest=$(python3 -c 'import json; print(json.load(open(".image.json"))["containerimage.digest"])')
rm .image.json
echo "${name%:*}@$digest" > image.txt
docker buildx imagetools inspect "$(cat image.txt)" --format '{{ json .SBOM }}' > sbom.json
