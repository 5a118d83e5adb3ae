#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh machine to an actor that answers:
#
#   sh daemon/quickstart.sh           builds, starts conclibd with the example actors, asks them, and
#                                     stays up until Ctrl-C
#   sh daemon/quickstart.sh --once    the same, but stops after the demonstration
#
# Installs missing Debian packages (and says which); changes nothing else outside of this folder and
# of a temporary one that it removes at its end.
set -u

root=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
. "$root/daemon/packages.sh"

once=no
case "${1:-}" in
  '') ;;
  --once) once=yes ;;
  -h | --help) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "quickstart.sh: unknown option $1; try --help" >&2; exit 2 ;;
esac

mkdir -p "$root/build" || die "cannot write to $root/build"
# shellcheck disable=SC2086
install_packages $packages_to_build
build release conclibd conclib conclib_cli example counter echo c_greeter \
  conclib-bench

bin=$root/build/release/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/conclib.XXXXXX") || die "cannot make a temporary folder"
url="unix://$work/run/redis.sock?ns=quickstart"
daemon=

# Stops the daemon, which takes its workers and its Redis with it, and removes the temporary folder.
stop() {
  trap '' INT TERM
  if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then
    say "Stopping"
    kill -TERM "$daemon"
    wait "$daemon"
  fi
  rm -rf "$work"
}
trap 'stop; exit 130' INT TERM

say "Starting conclibd with its own Redis and the example actors"
"$bin/conclibd" --namespace quickstart --run-dir "$work/run" --state-dir "$work/state" \
  --plugin-dir "$root/build/release/plugins" --workers 2 2>"$work/conclibd.log" &
daemon=$!

# Ready is when the log says so; a daemon that ends before has written why.
tries=0
until grep -q ' ready: ' "$work/conclibd.log"; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || ! kill -0 "$daemon" 2>/dev/null; then
    cat "$work/conclibd.log" >&2
    stop
    die "conclibd did not become ready; its log is above"
  fi
  sleep 0.1
done
cat "$work/conclibd.log"

failures=0
# show COMMAND...: prints the command as one would type it, runs it and prints what it says.
show() {
  printf '\n$ conclib'
  for word in "$@"; do
    case "$word" in *[!A-Za-z0-9_/.:-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\n'
  "$bin/conclib" --url "$url" "$@" || failures=$((failures + 1))
}

say "Asking actors from the command line"
show ask example_actor ExampleReqMessage
show ask counter/visits Add '{"by": 1}'
show ask counter/visits Add '{"by": 41}'
show ask echo/hello Echo '{"text": "hello"}'
show tell counter/visits Add '{"by": 1}'
show status

say "Asking the same actors from Python"
sed 's/^/    /' "$root/sdk/python/quickstart.py"
echo
CONCLIB_URL=$url PYTHONPATH=$root/sdk/python CONCLIB_LIBRARY=$root/build/release/lib/libconclib.so \
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$root/sdk/python/quickstart.py" ||
  failures=$((failures + 1))

if [ "$once" = yes ]; then
  stop
  [ "$failures" = 0 ] || die "$failures of the commands failed"
  say "Done: everything answered"
  exit 0
fi

trap 'stop; exit 0' INT TERM
say "conclibd is up. Try this from another terminal, or press Ctrl-C here to stop:"
cat <<END

    export CONCLIB_URL='$url'
    '$bin/conclib' ask counter/visits Add '{"by": 1}'
    '$bin/conclib' status
    '$bin/conclib' --help

END
wait "$daemon"
status=$?
echo "conclibd ended with exit code $status; its log:" >&2
cat "$work/conclibd.log" >&2
daemon=
stop
exit 1
