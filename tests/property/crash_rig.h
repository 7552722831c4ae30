// SPDX-License-Identifier: BSD-3-Clause
// CrashRig: a store in a CrashRegion that is cut off at every flush, every fence and every
// acknowledgement of what is done to it, and recovered from what each cut may have left.
//
// Faults are kept, not reported: a test expects none, or plants one and expects it to be found.
// The operations are in crash_operations.cc. Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/core/store_thread.h"
#include "storage/store.h"
#include "tests/property/crash_images.h"
#include "tests/property/crash_oracle.h"
#include "tests/property/crash_region.h"
#include "tests/property/opened_store.h"

namespace ember::property {

struct CrashRigOptions {
  storage::StoreOptions store{.memory_limit = kMiB};
  /// Memory is short: keys may be evicted.
  bool may_vanish = false;
  /// Images of one moment, at most.
  unsigned images = 20;
  /// Of the moments within operations, one in so many is looked at.
  unsigned moment_one_in = 1;
};

class CrashRig {
 public:
  CrashRig(const CrashRigOptions& options, uint64_t seed);

  // Each is one operation: done, acknowledged, and cut wherever it can be.
  void write(const NewItem& item, const storage::WriteRule& rule = {});
  void append(const std::string& key, const std::string& bytes);
  void prepend(const std::string& key, const std::string& bytes);
  void count(const std::string& key, const storage::ArithmeticRule& rule = {});
  void touch(const std::string& key, UnixSeconds exptime);
  void remove(const std::string& key);
  void invalidate(const std::string& key, const storage::Store::InvalidateRule& rule = {});
  void win(const std::string& key);
  void flush_all(uint32_t seconds_from_now);
  void maintain();
  /// The store's limit from now on; pages come and go with maintain().
  void resize(size_t limit);
  /// Has maintain() move a page, if that can be.
  void move_page(int from, int to);
  /// Maintains until no page is on its way.
  void settle();
  void pass_time(uint32_t seconds);
  void run(const Operation& operation);

  /// Cuts the power for good: goes on from an image of some moment since the last cut, after so
  /// many seconds. The recovery itself is cut off wherever it can be, too.
  void crash(uint32_t seconds_down);

  /// A graceful stop and a start, both cut off wherever they can be.
  void restart();

  Clock& clock() { return clock_; }
  storage::Store& store() { return *store_; }
  storage::StoreThread& thread() { return *thread_; }
  CrashRegion& region() { return *region_; }
  const CrashOracle& oracle() const { return oracle_; }
  std::optional<uint64_t> cas_of(const std::string& key) {
    const Model::Entry* entry = oracle_.model().find(key);
    return entry == nullptr ? std::nullopt : std::optional(entry->cas);
  }

  size_t size_of(const std::string& key) {
    const Model::Entry* entry = oracle_.model().find(key);
    return entry == nullptr ? 0 : entry->value.size();
  }

  /// While quiet, nothing is looked at but what the running store answers.
  void quiet(bool quiet) { quiet_ = quiet; }

  /// None, as one text to print; or all that are kept.
  std::string faults() const;
  bool faulty() const { return !oracle_.faults().empty(); }
  uint64_t images() const { return images_; }

  /// Looks at this moment, in which `operation` is under way, whatever moment_one_in says.
  void look();

 private:
  void open();
  void listen();
  void concatenate(const NewItem& addition, storage::Store::End end);
  void judge_safety();
  void keep(ImageRegion& image);

  CrashRigOptions options_;
  Clock clock_;
  std::mt19937_64 random_;
  CrashOracle oracle_;
  CrashImages cut_;
  std::unique_ptr<CrashRegion> region_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::StoreThread> thread_;
  uint64_t images_ = 0;
  bool quiet_ = false;

  /// What crash() goes on from.
  struct Kept {
    std::vector<std::byte> bytes;
    CrashOracle oracle;
  };
  std::optional<Kept> kept_;
  uint64_t kept_among_ = 0;
};

}  // namespace ember::property
