/* SPDX-License-Identifier: MIT */
/** The plain types that both C interfaces share: conclib.h (callers) and plugin.h (actors). */
#ifndef CONCLIB_TYPES_H
#define CONCLIB_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "conclib/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Text as pointer and length, UTF-8, not terminated by NUL. An empty one may have a null pointer.
 */
typedef struct conclib_str {
  const char* data;
  size_t size;
} conclib_str;

/** Bytes as pointer and length; what they are is said where the field stands. */
typedef struct conclib_bytes {
  const void* data;
  size_t size;
} conclib_bytes;

/** A conclib_str from a string literal, also as a static initialiser in C. */
#define CONCLIB_STR_INIT(literal) \
  { (literal), sizeof(literal) - 1 }

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_TYPES_H */
