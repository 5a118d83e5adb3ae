#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, runs every test and ends with a line `N passed, N failed`.
#
#   sh tests/run.sh [--preset NAME] [CTEST OPTION...]
#
# Presets: release (default), dev, asan, tsan. Options go to ctest, such as -R NAME or -L lint.
# Exit code: 0 when all passed, 1 when one failed, 2 for a usage error.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
. "$root/daemon/packages.sh"

preset=release
case "${1:-}" in
  -h | --help)
    sed -n '3,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  --preset)
    [ $# -ge 2 ] || { echo "run.sh: --preset needs a name" >&2; exit 2; }
    preset=$2
    shift 2
    ;;
esac

mkdir -p "$root/build" || die "cannot write to $root/build"
# shellcheck disable=SC2086
install_packages $packages_to_build $packages_to_test
build "$preset"

say "Testing ($preset)"
results=$root/build/$preset/results.txt
log=$root/build/$preset/tests.log
{
  (cd "$root/build/$preset" && ctest --output-on-failure --no-tests=error "$@")
  echo $? >"$results"
} 2>&1 | tee "$log"
status=$(cat "$results")

# ctest says: "98% tests passed, 1 tests failed out of 57"
failed=$(sed -n 's/.* tests passed, \([0-9]*\) tests failed out of [0-9]*.*/\1/p' "$log" | tail -n 1)
total=$(sed -n 's/.* tests passed, [0-9]* tests failed out of \([0-9]*\).*/\1/p' "$log" | tail -n 1)
[ -n "$total" ] || { echo "0 passed, 1 failed"; exit 1; }
echo "$((total - failed)) passed, $failed failed"
[ "$status" = 0 ]
