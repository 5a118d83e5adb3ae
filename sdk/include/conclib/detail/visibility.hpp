// SPDX-License-Identifier: MIT
#pragma once

/// Hides what stands in a namespace from other libraries: `namespace CONCLIB_HIDDEN conclib {`.
/// Statics of templates and inline functions are else merged across the process, also between
/// plugins whose messages only happen to have the same name. GCC does not extend it to variable
/// templates: they say it themselves, or are static members of a class template.
#define CONCLIB_HIDDEN [[gnu::visibility("hidden")]]
