// SPDX-License-Identifier: MIT
#pragma once

#include "conclib/plugin.h"

namespace conclib::plugin {

/// Fills in what the host's table offers beside actors and messages: size and versions, log,
/// setting, clocks, counters and histograms; and set_error, which serves a plugin that is being
/// loaded itself and goes on to the function in the plugin's handle otherwise.
void fill_services(conclib_host& host);

}  // namespace conclib::plugin
