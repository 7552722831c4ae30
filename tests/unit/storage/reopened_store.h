// SPDX-License-Identifier: BSD-3-Clause
// ReopenedStore: a persistent region, and stores that have it one after the other.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "tests/unit/storage/opened_store.h"
#include "tests/unit/storage/persistent_region.h"

namespace ember::storage {

class ReopenedStore : public testing::Test {
 protected:
  static constexpr size_t kSize = 4 * kMiB;
  static constexpr uint32_t kHour = 3600;

  ReopenedStore() { start(); }

  OpenedStore& now() { return *store_; }
  PersistentRegion& region() { return *region_; }
  RecoveryReport report() { return store_->store->recovery(); }

  void start(uint32_t seconds_later = 0) {
    store_ = std::make_unique<OpenedStore>(options_, *region_, seconds_later);
  }
  /// The process ends without another word.
  void crash() { store_.reset(); }
  void stop() {
    store_->close();
    store_.reset();
  }
  void restart(uint32_t seconds_later = 0) {
    crash();
    start(seconds_later);
  }

  /// Where the key's item begins in the region.
  size_t place_of(std::string_view key) {
    const Found found = store_->find(key);
    check(static_cast<bool>(found), "the item is there");
    return place_of(*found.item);
  }
  size_t place_of(const Item& item) {
    return static_cast<size_t>(reinterpret_cast<const std::byte*>(&item) - region_->bytes().data());
  }

  StoreOptions options_{.memory_limit = kSize};
  std::unique_ptr<PersistentRegion> region_ = std::make_unique<PersistentRegion>(kSize);
  std::unique_ptr<OpenedStore> store_;
};

}  // namespace ember::storage
