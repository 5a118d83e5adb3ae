// SPDX-License-Identifier: MIT
// Counters by name, in typed handlers: what a handler returns is the reply.
//
//     conclib ask counter/visits Add '{"by": 2}'
#include "counter.hpp"

CONCLIB_PLUGIN("counter", "1.0.0", counter::Counter)
