#!/usr/bin/env bash
# The programs that the tests need beside Python: PostgreSQL's server and Chromium.
# Installs them as root on Debian; elsewhere says exactly what to install.
set -euo pipefail
missing=()
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v git >/dev/null || missing+=(git)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "setting up: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need programs that are not installed: ${missing[*]}"
  echo "  Debian, Ubuntu: sudo apt-get install ${missing[*]}"
  echo "  Fedora:         sudo dnf install ${missing[*]/postgresql/postgresql-server}"
  echo "  macOS:          brew install ${missing[*]/postgresql/postgresql@17}"
  exit 1
fi
