// SPDX-License-Identifier: MIT
#pragma once

struct redisAsyncContext;

namespace conclib::redis {

class Loop;

/// Drives a hiredis context from the loop. hiredis's own adapter ignores a negative poll status, so
/// that a refused or reset connection is never heard of; here it makes hiredis read and write,
/// which finds the error and ends the context.
///
/// The adapter belongs to the context: it stops when hiredis frees that, and its memory is given
/// back in libuv's close callback. Loop-only. Returns whether it could be attached; if not, the
/// context is as it was.
[[nodiscard]] bool attach(redisAsyncContext& context, Loop& loop);

}  // namespace conclib::redis
