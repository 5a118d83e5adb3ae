// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/plugin/plugin_handle.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/testkit/fake_clock.hpp"
#include "daemon/testkit/record.hpp"
#include "proto/result.hpp"

namespace conclib::testkit {

/// The objects of actors that live now, for `destroy` is told nothing but the object.
class ObservedObjects {
 public:
  struct Object {
    const conclib_actor_type* type;
    std::string urn;
    Record* record;
  };

  /// The ones of the kit that runs on this thread, from here to the end of the scope.
  class Scope {
   public:
    explicit Scope(ObservedObjects& objects);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ObservedObjects* before_;
  };
  [[nodiscard]] static ObservedObjects& current();

  void add(void* actor, Object object) { objects_[actor] = std::move(object); }
  [[nodiscard]] Object take(void* actor);

 private:
  std::unordered_map<void*, Object> objects_;
};

/// A plugin as the runtime sees it in a kit: its actor types are copies whose functions record what
/// happens and then call those of the plugin.
///
/// Threading: the kit's. It stays where it is.
class ObservedPlugin : public conclib_plugin_handle {
 public:
  /// `runtime_host` is the host table as the runtime fills it in. All of them outlive the plugin.
  ObservedPlugin(const conclib_plugin& table, const conclib_host& runtime_host, Record& record,
                 const FakeClock& clock, const log::Log& to_log, plugin::Settings with);
  ~ObservedPlugin();
  ObservedPlugin(const ObservedPlugin&) = delete;
  ObservedPlugin& operator=(const ObservedPlugin&) = delete;

  /// Calls the plugin's load; the types for the runtime.
  [[nodiscard]] proto::Result<std::vector<runtime::TypeSpec>> load();
  /// Calls the plugin's unload, once, which may still answer and complete what it owes.
  void unload();

  [[nodiscard]] static ObservedPlugin& of(const conclib_context* context) {
    return *static_cast<ObservedPlugin*>(context->plugin);
  }
  [[nodiscard]] Record& record() { return record_; }
  [[nodiscard]] const conclib_host& runtime_host() const { return runtime_host_; }
  [[nodiscard]] const FakeClock& clock() const { return clock_; }
  /// The plugin's own type behind a copy, or the type itself if it is no copy; and the way back.
  [[nodiscard]] const conclib_actor_type* original_of(const conclib_actor_type* type) const;
  [[nodiscard]] const conclib_actor_type* copy_of(const conclib_actor_type* type) const;

  /// What the plugin said with set_error since it was cleared.
  std::string said;

 private:
  struct Type {
    conclib_actor_type copy;
    const conclib_actor_type* original;
  };

  const conclib_plugin& table_;
  const conclib_host& runtime_host_;
  Record& record_;
  const FakeClock& clock_;
  conclib_host host_{};
  bool loaded_ = false;
  void* plugin_data_ = nullptr;
  std::vector<std::unique_ptr<Type>> types_;
};

}  // namespace conclib::testkit
