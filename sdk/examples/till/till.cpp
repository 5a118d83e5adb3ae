// SPDX-License-Identifier: MIT
// A till that waits for a bank in a coroutine, with a child, a ticker and a restart policy.
#include "till.hpp"

CONCLIB_PLUGIN("till", "1.0.0", till::Till, till::Journal)
