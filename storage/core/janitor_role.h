// SPDX-License-Identifier: BSD-3-Clause
// kJanitor: the role of the thread that calls Store::maintain. What is guarded by it is touched by
// that thread only, in all nouns of the store; clang's thread-safety analysis checks it. The start
// of a store, which no other thread uses yet, assumes the role, too.
//
// Not a lock, and not a Role (base/mutex.h): that is one object's, and its thread is fixed; this is
// one for all nouns, and who calls maintain() may change between two rounds. That rounds do not
// meet is checked by the Janitor.
#pragma once

#include "base/thread_annotations.h"

namespace ember::storage {

class EMBER_CAPABILITY("role") JanitorRole {
 public:
  /// Requires: no other thread has the role now.
  void assume() const EMBER_ASSERT_CAPABILITY(this) {}
};

inline constexpr JanitorRole kJanitor;

}  // namespace ember::storage
