/* SPDX-License-Identifier: MIT */
/* Compiled once with the headers of ABI 1.0 and once with those of today: ABI_LAYOUT says which. */
#include "tests/unit/plugin/abi_fields.h"
#include <conclib/plugin.h>

#define FIELD(of, field) \
  {#of "." #field, offsetof(of, field), sizeof(((const of*)NULL)->field), sizeof(of)},
static const abi_field fields[] = {CONCLIB_TEST_ABI_FIELDS(FIELD)};

#define NUMBER(name) {#name, (unsigned long long)(name)},
#define STATUS(NAME, name, number, text) {#NAME, (unsigned long long)(CONCLIB_##NAME)},
static const abi_number numbers[] = {CONCLIB_TEST_ABI_NUMBERS(NUMBER) CONCLIB_STATUS_TABLE(STATUS)};

abi_layout ABI_LAYOUT(void) {
  const abi_layout layout = {fields, sizeof(fields) / sizeof(fields[0]), numbers,
                             sizeof(numbers) / sizeof(numbers[0])};
  return layout;
}
