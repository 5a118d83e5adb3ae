// SPDX-License-Identifier: MIT
#pragma once

#include "conclib/plugin.h"

/// The functions that stand between a runtime and the actors of an ObservedPlugin: they record what
/// happens and hand it on. They run on the kit's thread.
namespace conclib::testkit {

conclib_status observed_create(const conclib_actor_type* type, conclib_context* context,
                               void** actor) noexcept;
conclib_status observed_start(void* actor, conclib_context* context) noexcept;
conclib_status observed_receive(void* actor, conclib_context* context,
                                conclib_message* message) noexcept;
conclib_status observed_stop(void* actor, conclib_context* context) noexcept;
void observed_destroy(void* actor) noexcept;
conclib_status observed_failed(void* actor, conclib_context* context, conclib_status status,
                               conclib_str text) noexcept;
void observed_set_error(conclib_plugin_handle* plugin, conclib_context* context,
                        conclib_str text) noexcept;

/// Replaces what the kit has to see (sends, spawns, ends of works), and the clocks.
void fill_observed_calls(conclib_host& host);

}  // namespace conclib::testkit
