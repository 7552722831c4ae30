# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# What the tools share: where the tree is, installing what is missing, building a preset.
# Sourced, not run.
set -euo pipefail

EMBER_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$EMBER_ROOT"

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# packages_of PURPOSE...: the names tools/packages lists for them.
packages_of() {
  local wanted=" $* " purpose='' line word
  while IFS= read -r line; do
    line=${line%%#*}
    for word in $line; do
      if [[ $word == *: ]]; then
        purpose=${word%:}
      elif [[ $wanted == *" $purpose "* ]]; then
        if [[ $word != *'|'* ]] || ! command -v "${word#*|}" >/dev/null; then
          printf '%s\n' "${word%%|*}"
        fi
      fi
    done
  done <tools/packages
}

# missing_packages PURPOSE...: those not installed.
missing_packages() {
  local package
  packages_of "$@" | sort -u | while IFS= read -r package; do
    # One word a line: a package of another architecture may be installed beside ours.
    if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then
      printf '%s\n' "$package"
    fi
  done
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root for: $* (run as root, or install sudo)"
  fi
}

# need_packages PURPOSE...: installs what tools/packages lists for them and is missing.
need_packages() {
  command -v apt-get >/dev/null || die "this is not Debian: tools/packages lists what is needed"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get -qq update || say "apt-get update failed: trying with the lists there are"
  mkdir -p build/logs
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 install "${missing[@]}" >build/logs/apt.txt 2>&1 || {
    tail -n 20 build/logs/apt.txt >&2
    die "could not install them (is there a network, and is this Debian 12?): build/logs/apt.txt"
  }
  # Debian starts a memcached on 11211 as soon as it is installed; the tests start their own, and
  # that port is the one ./tools/run serves on.
  if [[ " ${missing[*]} " == *' memcached '* && -d /run/systemd/system ]]; then
    as_root systemctl disable --quiet --now memcached.service
    say "the memcached service that came with the package is stopped and disabled"
  fi
}

# What a file compiled with precompiled headers (cmake/precompiled.cmake) asks of ccache; nothing here
# says __DATE__ or __TIME__.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}

# configure PRESET [cmake argument...]
configure() {
  local preset=$1
  shift
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake --preset "$preset" "${launcher[@]}" "$@"
}
