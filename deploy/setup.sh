#!/usr/bin/env bash
# Installs what a command needs, and nothing when it is there already.
#   deploy/setup.sh embedded    Python packages to run everything in one process (make demo, make run)
#   deploy/setup.sh dev         the same and what tests and checks need
#   deploy/setup.sh chart       helm and what checks the chart and the images, in .venv/chart
#   deploy/setup.sh programs    promtool and docker-registry from Debian's packages, for the tests of the chart
#   deploy/setup.sh images      what `make images` needs beside a Docker engine
#   deploy/setup.sh servers     PostgreSQL, RabbitMQ, Chromium and these programs from Debian's packages, for the tests
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1

packages() { # packages PACKAGE... : installs Debian packages, or says which are missing
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Please install these packages, then run the command again: $*" >&2
    exit 1
  fi
  echo "Installing $* …" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python() { # the newest Python that the lock was resolved for
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "Recapito needs Python 3.11, 3.12 or 3.13." >&2
  exit 1
}

environment() { # environment EXTRA : .venv with the packages of that extra, at the versions of requirements.lock
  local wanted stamp=.venv/.installed-$1
  wanted=$(cat pyproject.toml requirements.lock "$0" | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    if [ ! -x .venv/bin/python ]; then
      local interpreter
      interpreter=$(python)
      echo "Making .venv with $("$interpreter" --version) …" >&2
      "$interpreter" -m venv .venv 2>/dev/null || { rm -rf .venv; packages python3-venv; "$interpreter" -m venv .venv; }
    fi
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q "$(grep '^uv==' requirements.lock)"
    echo "Installing Python packages …" >&2
    .venv/bin/uv pip install -q -p .venv/bin/python -c requirements.lock -b requirements.lock -e ".[$1]"
    echo "$wanted" >"$stamp"
  fi
  .venv/bin/python protos/build.py
}

servers() {
  local missing=()
  ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1 || missing+=(postgresql)
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=(rabbitmq-server)
  command -v chromium >/dev/null || missing+=(chromium)
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  [ ${#missing[@]} -eq 0 ] || packages "${missing[@]}"
  programs
}

programs() {
  program prometheus promtool             # checks the alerts
  program docker-registry docker-registry # the chart is pushed there
}

program() { # program PACKAGE NAME : puts one program of a Debian package into .venv/bin, and starts no server of it
  [ -x ".venv/bin/$2" ] && return
  local folder
  folder=$(mktemp -d)
  if type -P "$2" >/dev/null; then
    ln -s "$(type -P "$2")" "$folder/$2"
  else
    command -v apt-get >/dev/null || { echo "Please install $2, then run the command again." >&2; exit 1; }
    echo "Fetching $2 …" >&2
    (cd "$folder" && { apt-get download -qq "$1" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$1"; }; })
    dpkg-deb --fsys-tarfile "$folder/$1"_*.deb | tar -xO "./usr/bin/$2" >"$folder/$2"
    chmod +x "$folder/$2"
  fi
  mkdir -p .venv/bin
  mv "$folder/$2" ".venv/bin/$2"
  rm -r "$folder"
}

chart() {
  local wanted stamp=.venv/chart/.installed
  wanted=$(cat tests/chart/requirements.txt tests/chart/tools.py | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing helm and the checkers of the chart …" >&2
    rm -rf .venv/chart
    .venv/bin/uv venv -q -p .venv/bin/python .venv/chart
    .venv/bin/uv pip install -q -p .venv/chart -r tests/chart/requirements.txt
    .venv/bin/python -m tests.chart.tools .venv/chart
    echo "$wanted" >"$stamp"
  fi
}

case "${1:-}" in
  embedded | dev | images) environment "$1" ;;
  chart) chart ;;
  programs) programs ;;
  servers) servers ;;
  *) echo "usage: deploy/setup.sh embedded|dev|images|chart|programs|servers" >&2; exit 2 ;;
esac
