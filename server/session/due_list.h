// SPDX-License-Identifier: BSD-3-Clause
// DueList: objects (sessions) that are due for the same thing at the end of a turn, in the order
// they came, each once. Not what is done with them (session_set.h).
//
// Ownership: refers to the objects until they are removed or the list is cleared; each keeps its
// place in the list as a number.
// Threads: one worker's. Cost: all calls are constant, for each object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace ember::server::session {

template <typename Object>
class DueList {
 public:
  /// The place of an object that is not in the list.
  static constexpr uint32_t kNowhere = UINT32_MAX;

  bool empty() const { return objects_.empty(); }

  /// Adds `object` unless it is in the list. `place` is the object's place in this list.
  void add(Object& object, uint32_t& place) {
    if (place == kNowhere) {
      place = static_cast<uint32_t>(objects_.size());
      objects_.push_back(&object);
    }
    debug_check(objects_[place] == &object, "an object stands at its place in the list");
  }

  /// Takes the object at `place` out, if it is in the list.
  void remove(uint32_t& place) {
    if (place != kNowhere) {
      check(place < objects_.size(), "a place in the list is within it");
      objects_[place] = nullptr;
      place = kNowhere;
    }
  }

  /// Calls visit(object) for each, also for those that are added meanwhile.
  template <typename Visit>
  void each(const Visit& visit) const {
    // NOLINTNEXTLINE(modernize-loop-convert): it grows
    for (size_t i = 0; i < objects_.size(); ++i) {
      if (Object* const object = objects_[i]; object != nullptr) {
        visit(*object);
      }
    }
  }

  /// Requires: every object's place is kNowhere again.
  void clear() { objects_.clear(); }

 private:
  std::vector<Object*> objects_;  // null where one is gone
};

}  // namespace ember::server::session
