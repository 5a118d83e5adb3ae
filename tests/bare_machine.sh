#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves README's two commands on a bare Debian 12: makes one with debootstrap in a folder, with nothing
# but git, clones this repository's HEAD into a path with a space and runs the commands in a chroot,
# first as root, then as an ordinary user.
#
#   sudo sh tests/bare_machine.sh FOLDER [quickstart|run|all]
#
# FOLDER is made if it is not there, and kept, so that a second run need not download again; remove it by
# hand. Needs root, debootstrap and Debian's packages from the network, or from $DEBIAN_MIRROR.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
folder=${1:?usage: bare_machine.sh FOLDER [quickstart|run|all]}
what=${2:-all}

[ "$(id -u)" = 0 ] || { echo "bare_machine.sh: chroot needs root" >&2; exit 2; }
[ -e "$folder/bin/sh" ] ||
  debootstrap --variant=minbase --include=git,ca-certificates bookworm "$folder" \
    ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
# The bare machine gets its packages from where this one does.
for file in /etc/apt/apt.conf.d /etc/apt/sources.list.d /etc/resolv.conf; do
  [ ! -e "$file" ] || cp -rT "$file" "$folder$file"
done

unmount() { umount "$folder/proc" "$folder/dev" 2>/dev/null || true; }
trap unmount EXIT INT TERM
mount -t proc proc "$folder/proc"
mount --bind /dev "$folder/dev"

place="/home/a newcomer/conclib"
rm -rf "$folder$place"
mkdir -p "$folder/home/a newcomer"
git clone -q "$root" "$folder$place"

# step USER COMMAND: runs it in the bare machine, from a directory that has nothing to do with it.
step() {
  printf '\n#### %s: %s\n' "$1" "$2"
  if [ "$1" = root ]; then
    chroot "$folder" /bin/sh -c "cd /tmp && $2"
  else
    chroot "$folder" su -s /bin/sh "$1" -c "cd /tmp && $2"
  fi
}

case "$what" in quickstart | all) step root "sh '$place/daemon/quickstart.sh' --once" ;; esac
case "$what" in run | all) step root "sh '$place/tests/run.sh'" ;; esac
chroot "$folder" id newcomer >/dev/null 2>&1 ||
  chroot "$folder" useradd --no-create-home --home-dir "/home/a newcomer" newcomer
chroot "$folder" chown -R newcomer "/home/a newcomer"
step newcomer "sh '$place/daemon/quickstart.sh' --once"
printf '\n#### all well\n'
