# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# The words scenarios are made of. What they `say` goes to the judge, the rest to the console.

say() { dax-client say "$@"; }

# try NAME COMMAND...: a step that has to work; if it does not, the machine stops here.
try() {
  step=$1
  shift
  if ! "$@"; then
    say "failed $step"
    reboot -f
  fi
}

# await PATH: the kernel looks at the NVDIMM in its own time.
await() {
  tries=0
  until [ -e "$1" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
      say "failed $1 does not appear"
      reboot -f
    fi
    sleep 0.1
  done
}

# Both are stored on the device: once in its life.
make_fsdax() {
  await /sys/bus/nd/devices/namespace0.0
  try namespace ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem
  await /dev/pmem0
  try mkfs mkfs.ext4 -q -F -b 4096 /dev/pmem0
}
make_devdax() {
  await /sys/bus/nd/devices/namespace0.0
  try namespace ndctl create-namespace -f -e namespace0.0 -m devdax -M mem
  await /dev/dax0.0
}

# mount_pmem [OPTION...]
mount_pmem() {
  await /dev/pmem0
  try mount mount -t ext4 "$@" /dev/pmem0 /mnt/pmem
}
mount_dax() { mount_pmem -o dax; }

# launch FILE ARGUMENT...: starts Ember and does not wait.
launch() {
  file=$1
  shift
  ember -u root -l 127.0.0.1 --memory-file="$file" "$@" &
  pid=$!
}

# start FILE ARGUMENT...: starts Ember and waits until it answers.
start() {
  launch "$@"
  try start dax-client wait --seconds=60
  say up
}

# stop SIGNAL: ends Ember and says how it ended.
stop() {
  kill "-$1" "$pid"
  wait "$pid"
  say stopped "$?"
}

dump() {
  say dump
  try dump dax-client dump
  say dumped
}

stats() {
  say stats
  try stats dax-client stats
}

# vm_flags PATH: how the kernel maps that file into Ember.
vm_flags() {
  awk -v path="$1" '/^[0-9a-f]+-[0-9a-f]+ / { ours = ($6 == path) } ours && /^VmFlags:/' \
    "/proc/$pid/smaps" >/tmp/flags
  while read -r line; do say vm "$line"; done </tmp/flags
}
