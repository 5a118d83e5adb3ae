// SPDX-License-Identifier: MIT
#include "daemon/testkit/observed_plugin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "daemon/plugin/host_services.hpp"
#include "daemon/testkit/observed_calls.hpp"
#include "proto/assert.hpp"

namespace conclib::testkit {
namespace {

/// `destroy` comes without a context, so the kit that calls the runtime says here which it is.
thread_local ObservedObjects* current_objects = nullptr;

/// The copy of a type, as large as the plugin knows it.
conclib_actor_type observed(const conclib_actor_type& original) {
  conclib_actor_type copy{};
  std::memcpy(&copy, &original, std::min(original.size, sizeof(copy)));
  copy.create = &observed_create;
  if (original.start) copy.start = &observed_start;
  copy.receive = &observed_receive;
  if (original.stop) copy.stop = &observed_stop;
  copy.destroy = &observed_destroy;
  if (original.size >= offsetof(conclib_actor_type, failed) + sizeof(original.failed)) {
    copy.failed = &observed_failed;
  }
  return copy;
}

}  // namespace

ObservedObjects::Scope::Scope(ObservedObjects& objects)
    : before_(std::exchange(current_objects, &objects)) {}

ObservedObjects::Scope::~Scope() { current_objects = before_; }

ObservedObjects& ObservedObjects::current() {
  CONCLIB_ASSERT(current_objects != nullptr);
  return *current_objects;
}

ObservedObjects::Object ObservedObjects::take(void* actor) {
  const auto found = objects_.find(actor);
  CONCLIB_ASSERT(found != objects_.end());
  auto object = std::move(found->second);
  objects_.erase(found);
  return object;
}

ObservedPlugin::ObservedPlugin(const conclib_plugin& table, const conclib_host& runtime_host,
                               Record& record, const FakeClock& clock, const log::Log& to_log,
                               plugin::Settings with)
    : table_(table),
      runtime_host_(runtime_host),
      record_(record),
      clock_(clock),
      host_(runtime_host) {
  name = plugin::view_of(table.name);
  log = &to_log;
  settings = std::move(with);
  set_context_error = &observed_set_error;
  plugin::fill_services(host_);
  fill_observed_calls(host_);
}

ObservedPlugin::~ObservedPlugin() { unload(); }

void ObservedPlugin::unload() {
  if (std::exchange(loaded_, false) && table_.unload) table_.unload(plugin_data_);
}

proto::Result<std::vector<runtime::TypeSpec>> ObservedPlugin::load() {
  if (table_.load && table_.load(&host_, this, &plugin_data_) != CONCLIB_OK) {
    return proto::fail(proto::Status::not_started,
                       fmt::format("the load of plugin {} failed: {}", name, load_error));
  }
  loaded_ = true;
  std::vector<runtime::TypeSpec> specs;
  for (std::size_t i = 0; i < table_.actor_types_count; ++i) {
    const auto* original = table_.actor_types[i];
    types_.push_back(std::make_unique<Type>(Type{observed(*original), original}));
    specs.push_back({.type = &types_.back()->copy,
                     .plugin = this,
                     .plugin_data = plugin_data_,
                     .host = &host_,
                     .plugin_name = name});
  }
  return specs;
}

const conclib_actor_type* ObservedPlugin::original_of(const conclib_actor_type* type) const {
  const auto found = std::find_if(types_.begin(), types_.end(),
                                  [&](const auto& known) { return &known->copy == type; });
  return found == types_.end() ? type : (*found)->original;
}

const conclib_actor_type* ObservedPlugin::copy_of(const conclib_actor_type* type) const {
  const auto found = std::find_if(types_.begin(), types_.end(),
                                  [&](const auto& known) { return known->original == type; });
  return found == types_.end() ? type : &(*found)->copy;
}

}  // namespace conclib::testkit
