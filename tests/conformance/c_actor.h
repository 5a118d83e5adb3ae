/* SPDX-License-Identifier: MIT */
#pragma once

#include <conclib/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The table of a plugin in C. In a library of its own it would be conclib_plugin_table. */
const conclib_plugin* c_actor_plugin(void);

#ifdef __cplusplus
}
#endif
