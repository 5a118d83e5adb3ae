# SPDX-License-Identifier: MIT
# Installs what is missing of the Debian packages that a build needs. Sourced by quickstart.sh and
# tests/run.sh, which have set `root` to the top of the source tree.
#
# Redis: redis-tools holds the whole server (as redis-check-rdb, which is a server when started under
# the name redis-server). The package redis-server would add nothing but a service that starts by
# itself, so it is not installed; one that is there already is left as it is.

packages_to_build='g++ cmake ninja-build pkg-config libhiredis-dev libuv1-dev libmsgpack-cxx-dev
  libspdlog-dev libcli11-dev nlohmann-json3-dev libexpected-dev libsystemd-dev doctest-dev redis-tools
  python3 python3-msgpack'
packages_to_test='python3-redis git'

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# is_installed PACKAGE
is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages PACKAGE...: installs those that are missing, and says which.
install_packages() {
  missing=
  for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "needs Debian 12 or newer: there is no apt-get to install$missing"
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null; then
    as_root=sudo
  else
    die "these packages are missing, and there is neither root nor sudo to install them:$missing"
  fi
  say "Installing packages:$missing"
  $as_root apt-get update -q || die "apt-get update failed; check the network and /etc/apt/sources.list"
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    $missing </dev/null || die "apt-get could not install:$missing"
}

# build PRESET [TARGET...]: configures and builds below build/PRESET, both cores, with progress.
build() {
  preset=$1
  shift
  say "Building ($preset) in build/$preset"
  (cd "$root" && cmake --preset "$preset" >"$root/build/configure.log" 2>&1) || {
    cat "$root/build/configure.log"
    die "cmake failed; its output is above and in build/configure.log"
  }
  cmake --build "$root/build/$preset" ${1:+--target "$@"} || die "the build failed"
}
