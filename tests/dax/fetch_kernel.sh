#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# fetch_kernel.sh DIR: Debian's cloud kernel into DIR/kernel, unpacked from its package, not installed.
set -euo pipefail

dir=${1:?usage: fetch_kernel.sh DIR}
mkdir -p "$dir"
cd "$dir"

package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
if [[ -z $package ]]; then
  echo "apt knows no linux-image-cloud-amd64: run apt-get update (this needs Debian 12 on amd64)" >&2
  exit 1
fi
if [[ -f kernel/.package && $(<kernel/.package) == "$package" ]]; then
  exit 0
fi
echo "fetching $package (27 MB)"
rm -f ./"$package"_*.deb
apt-get -qq download "$package" || {
  echo "cannot download $package: is there a network? If its version is gone: apt-get update" >&2
  exit 1
}
rm -rf kernel
dpkg -x "$package"_*.deb kernel
rm "$package"_*.deb
printf '%s\n' "$package" >kernel/.package
