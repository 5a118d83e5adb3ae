// SPDX-License-Identifier: MIT
#include "tests/unit/runtime/lone_cells.hpp"

#include <doctest/doctest.h>

namespace conclib::runtime {

LoneCells::LoneCells() {
  type_.urn = "lone/{key}";
  type_.name = "lone";
  type_.keyed = true;
}

Ref<Cell> LoneCells::make(std::string_view urn) {
  const auto parsed = proto::parse_urn(urn);
  REQUIRE(parsed.has_value());
  // As if it were scheduled already, so that no push does.
  return Cell::make(type_, *parsed, {.at_once = true});
}

Message* LoneCells::take(Cell& cell) {
  cell.mailbox.collect();
  if (auto* control = cell.mailbox.pop_control()) return control;
  return cell.mailbox.pop();
}

bool LoneCells::take_control(Cell& cell, Control::What what) {
  auto* message = take(cell);
  if (!message || message->kind != MessageKind::control) return false;
  const std::unique_ptr<Control> control(static_cast<Control*>(message));
  return control->what == what;
}

}  // namespace conclib::runtime
