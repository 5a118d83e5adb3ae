/* SPDX-License-Identifier: MIT */
#ifndef CONCLIB_TESTS_C_USAGE_H
#define CONCLIB_TESTS_C_USAGE_H

#ifdef __cplusplus
extern "C" {
#endif

/** Uses the client as a program in C would, against something that echoes. Gives what went wrong,
 *  or an empty text. */
const char* c_usage(const char* url);

#ifdef __cplusplus
}
#endif

#endif /* CONCLIB_TESTS_C_USAGE_H */
