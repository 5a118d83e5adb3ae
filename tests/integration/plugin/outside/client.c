/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <conclib/conclib.h>

int main(void) {
  puts(conclib_version());
  return 0;
}
