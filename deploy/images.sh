#!/usr/bin/env bash
# Builds the images of all services with any Docker engine, and prints their sizes.
#   deploy/images.sh                 all; or only those named: deploy/images.sh contacts portal
# IMAGE_PREFIX (recapito), VERSION (that of pyproject.toml), PYTHON_IMAGE, DOCKER (docker) and BUILD_OPTIONS change how. Beside the
# images it writes build/<service>.cdx.json, what is in each (CycloneDX), and build/<service>.audit.json, its known vulnerabilities.
set -euo pipefail
cd "$(dirname "$0")/.."
DOCKER=${DOCKER:-docker}
IMAGE_PREFIX=${IMAGE_PREFIX:-recapito}
VERSION=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
export DOCKER_BUILDKIT=1
services=("$@")
[ $# -gt 0 ] || services=(identity contacts documents notifications portal gateway)
arguments=(--build-arg "VERSION=$VERSION" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || true)")
arguments+=(--build-arg "CREATED=$(git log -1 --format=%cI 2>/dev/null || true)") # of the source: a second build is the same image
[ -z "${PYTHON_IMAGE:-}" ] || arguments+=(--build-arg "PYTHON_IMAGE=$PYTHON_IMAGE")
mkdir -p build

packages() { # packages IMAGE : what pip would call its requirements
  "$DOCKER" run --rm --network=none --read-only --entrypoint python "$1" -c '
from importlib.metadata import distributions
print("\n".join(sorted({f"{d.name}=={d.version}" for d in distributions(path=[p for p in __import__("sys").path if "/app/venv/" in p])})))'
}

for service in "${services[@]}"; do
  image=$IMAGE_PREFIX/$service:$VERSION
  echo "Building $image …" >&2
  # shellcheck disable=SC2086 # options, a word each
  "$DOCKER" build -q ${BUILD_OPTIONS:-} -f deploy/Dockerfile --build-arg "SERVICE=$service" "${arguments[@]}" -t "$image" . >/dev/null
  packages "$image" >"build/$service.txt"
done

if [ "${AUDIT:-yes}" != no ]; then
  for service in "${services[@]}"; do
    .venv/bin/cyclonedx-py requirements "build/$service.txt" --output-reproducible -o "build/$service.cdx.json"
    rm -f "build/$service.audit.json"
    if .venv/bin/pip-audit --strict -r "build/$service.txt" --no-deps --disable-pip -f json -o "build/$service.audit.json" 2>build/audit.log; then
      echo "$service: no known vulnerability" >&2
    elif [ -s "build/$service.audit.json" ]; then
      echo "$service: vulnerabilities are known, see build/$service.audit.json" >&2
    else
      echo "$service: NOT AUDITED: the list of vulnerabilities could not be asked (build/audit.log)" >&2
    fi
  done
fi

for service in "${services[@]}"; do
  "$DOCKER" image inspect -f '{{.Size}}' "$IMAGE_PREFIX/$service:$VERSION" | awk -v name="$IMAGE_PREFIX/$service:$VERSION" '{printf "%-36s %6.0f MB\n", name, $1 / 1e6}'
done
