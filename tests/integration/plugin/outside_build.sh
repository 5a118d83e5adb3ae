#!/bin/sh
# Installs conclib into a folder of its own, moves that folder, and builds somebody else's project
# with only what is in it: outside_build.sh CMAKE BUILD_DIR LOAD_PLUGINS CC CXX
set -eu
cmake=$1 build=$2 load_plugins=$3 CC=$4 CXX=$5
export CC CXX
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/conclib outside.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

expect_cart() {
  [ "$("$load_plugins" "$1")" = "cart 3.2.1: cart/{id}" ] || fail "$2: the plugin was not loaded"
}

expect_one_export() {
  exports=$(nm -D --defined-only "$1" | awk '$2 == "T" { print $3 }')
  [ "$exports" = conclib_plugin_table ] || fail "$2: exported functions: $exports"
}

"$cmake" --install "$build" --prefix "$work/first place" >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; fail "cmake --install"; }
# A package is made in one place and used in another.
mv "$work/first place" "$work/prefix"
prefix=$work/prefix
if grep -rIl -e "$build" -e "$work/first place" "$prefix"; then
  fail "these installed files name the folder that they were built or first installed in"
fi

echo "== find_package"
"$cmake" -G Ninja -S "$here/outside" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
  -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" >"$work/configure.log" 2>&1 ||
  { cat "$work/configure.log" >&2; fail "configure"; }
"$cmake" --build "$work/cmake" >"$work/build.log" 2>&1 ||
  { cat "$work/build.log" >&2; fail "build"; }
expect_cart "$work/cmake/plugins" "find_package"
expect_one_export "$work/cmake/plugins/cart.so" "find_package"
"$work/cmake/cart_test" || fail "find_package: the test of the plugin"
version=$("$work/cmake/client")
echo "client of conclib $version"

echo "== pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name conclib.pc)")
export PKG_CONFIG_PATH
# pkg-config writes its flags as a shell would read them, spaces in the prefix escaped.
mkdir "$work/plain"
flags=$(pkg-config --cflags conclib-plugin)
eval "\$CXX -std=c++20 -O1 -Wall -Wextra -Wpedantic -Werror -shared $flags" \
  '"$here/outside/cart.cpp" -o "$work/plain/cart.so"' || fail "a plugin with pkg-config"
expect_cart "$work/plain" "pkg-config"
expect_one_export "$work/plain/cart.so" "pkg-config"
flags=$(pkg-config --cflags --libs conclib)
eval "\$CC" '"$here/outside/client.c" -o "$work/plain/client"' "$flags" ||
  fail "a client with pkg-config"
libraries=$(dirname "$PKG_CONFIG_PATH")
[ "$(LD_LIBRARY_PATH=$libraries "$work/plain/client")" = "$version" ] || fail "the client's version"
[ "$(pkg-config --modversion conclib)" = "$version" ] || fail "the package's version"
echo "ok"
