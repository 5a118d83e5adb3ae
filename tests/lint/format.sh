#!/bin/sh
# Checks that every C and C++ file is formatted as .clang-format says: format.sh CLANG_FORMAT ROOT
set -eu
cd "$2"
find proto daemon sdk tests \( -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.hpp' \) \
  -print0 | xargs -0 "$1" --dry-run --Werror
