#!/bin/bash
# Builds the image with buildah, and tests it without a container engine. Root only.
#
#   docker/image.sh build     -> localhost/touchstone:latest
#   docker/image.sh test      self-test of the sandbox, three files, web + worker to a verdict
#   docker/image.sh sbom      CycloneDX: Python packages, Debian packages, model files
#
# BASE=... names the base image. Where none can be pulled, Debian is installed from its archive.
# EXTRAS="cloud openvino" installs further locks. IMAGE=... renames the result.
set -euo pipefail
cd "$(dirname "$0")/.."

IMAGE=${IMAGE:-localhost/touchstone:latest}
EXTRAS=${EXTRAS:-}
OFFICIAL=docker.io/library/debian:bookworm-slim
OWN_BASE=localhost/touchstone-base:bookworm-slim
export BUILDAH_ISOLATION=chroot
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

say() { echo "[image] $*" >&2; }
need() {
  command -v "$1" >/dev/null || { say "$1 is missing: apt-get install $2"; exit 1; }
}

base() {
  if [ -n "${BASE:-}" ]; then echo "$BASE"; return; fi
  if buildah inspect --type image "$OWN_BASE" >/dev/null 2>&1; then echo "$OWN_BASE"; return; fi
  if timeout 60 buildah pull -q "$OFFICIAL" >/dev/null 2>&1; then echo "$OFFICIAL"; return; fi
  say "$OFFICIAL cannot be pulled; Debian is installed from its archive instead"
  need debootstrap debootstrap
  local root; root=$(mktemp -d)
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}" >&2
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  # As Debian's own slim image: no manuals and translations, now and of what is installed later.
  printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$root/etc/dpkg/dpkg.cfg.d/slim"
  echo 'path-include /usr/share/doc/*/copyright' >>"$root/etc/dpkg/dpkg.cfg.d/slim"
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  find "$root"/usr/share/{man,locale,info} -type f -delete
  printf '%s\n' "deb ${MIRROR:-http://deb.debian.org/debian} bookworm main" \
    "deb ${MIRROR:-http://deb.debian.org/debian} bookworm-updates main" \
    "deb http://deb.debian.org/debian-security bookworm-security main" >"$root/etc/apt/sources.list"
  local container; container=$(buildah from scratch)
  tar -C "$root" -cf "$root.tar" .
  buildah add -q "$container" "$root.tar" / >&2
  rm -f "$root.tar"
  buildah config --cmd /bin/bash "$container"
  buildah commit -q "$container" "$OWN_BASE" >&2
  buildah rm "$container" >/dev/null
  rm -rf "$root"
  echo "$OWN_BASE"
}

build() {
  need buildah buildah
  mkdir -p models  # what is missing there is fetched
  local base version
  base=$(base)
  version=$(git rev-parse HEAD 2>/dev/null || echo unknown)
  local mounts=()
  # A site's own certificates and package index, for the build alone.
  if [ -f "$CERTIFICATES" ]; then
    mounts+=(--volume "$CERTIFICATES:/mnt/certificates.crt:ro")
    mounts+=(--build-arg SSL_CERT_FILE=/mnt/certificates.crt --build-arg PIP_CERT=/mnt/certificates.crt)
  fi
  [ -f /etc/pip.conf ] && mounts+=(--volume /etc/pip.conf:/etc/pip.conf:ro)
  say "building $IMAGE on $base"
  buildah bud --format docker --isolation chroot --network host --pull-never --layers=false "${mounts[@]}" \
    --build-arg BASE="$base" --build-arg EXTRAS="$EXTRAS" --build-arg VERSION="$version" \
    --build-arg CREATED="$(date -u +%FT%TZ)" \
    --ignorefile .dockerignore --file docker/Dockerfile --tag "$IMAGE" .
  size
}

size() {
  local bytes
  bytes=$(buildah inspect --type image --format '{{.Docker.Size}}' "$IMAGE" 2>/dev/null || echo 0)
  if [ "${bytes:-0}" -le 0 ]; then
    local container mount
    container=$(buildah from --pull-never "$IMAGE"); mount=$(buildah mount "$container")
    bytes=$(du -sb --one-file-system "$mount" | cut -f1)
    buildah umount "$container" >/dev/null; buildah rm "$container" >/dev/null
  fi
  say "size: $((bytes / 1000000)) MB"
}

with_container() {
  CONTAINER=$(buildah from --pull-never "$IMAGE")
  MOUNT=$(buildah mount "$CONTAINER")
  trap 'buildah umount "$CONTAINER" >/dev/null; buildah rm "$CONTAINER" >/dev/null' EXIT
}

case "${1:-build}" in
  build) build ;;
  test)
    need buildah buildah
    with_container
    size
    CONTAINER=$CONTAINER MOUNT=$MOUNT PYTHONPATH=platform:. .venv/bin/python docker/test_image.py "${@:2}"
    ;;
  sbom)
    need buildah buildah
    with_container
    .venv/bin/python docker/sbom.py "$MOUNT"
    ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
