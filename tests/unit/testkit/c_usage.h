/* SPDX-License-Identifier: MIT */
#ifndef CONCLIB_TESTS_TESTKIT_C_USAGE_H
#define CONCLIB_TESTS_TESTKIT_C_USAGE_H

#include "conclib/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Asks an actor to Add, through the C interface alone; how that ended, and how many actors there
 *  are then. */
conclib_status ask_from_c(const conclib_plugin* plugin, const char* urn, size_t urn_size,
                          int* actors);

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_TESTS_TESTKIT_C_USAGE_H */
