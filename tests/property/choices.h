// SPDX-License-Identifier: BSD-3-Clause
// Choices: what a random walk does next, to which key, with which value. All from one seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "base/clock.h"
#include "storage/store.h"

namespace ember::property {

struct WalkOptions {
  uint32_t key_count = 300;
  size_t max_value_size = 4096;
  /// One value in so many is large (up to max_large_size); 0: none.
  uint32_t large_one_in = 0;
  size_t max_large_size = 0;
  /// One step in so many moves time on, by up to max_advance seconds; 0: none.
  uint32_t advance_one_in = 50;
  uint32_t max_advance = 20;
  /// One step in so many flushes everything, at once or later; 0: none.
  uint32_t flush_one_in = 0;
  /// One step in so many sets another limit of memory between these two, whole MiB; 0: none.
  uint32_t resize_one_in = 0;
  size_t least_limit = 0;
  size_t most_limit = 0;
  /// One step in so many moves a page to another class, on command; 0: none.
  uint32_t move_one_in = 0;
  /// One step in so many lists items, all of them or the next few; 0: none.
  uint32_t dump_one_in = 0;
  /// The store may lose any item at any time: a miss is never wrong, a hit is checked as ever.
  bool may_vanish = false;
  /// The store may say no_memory, and then nothing has changed.
  bool may_be_full = false;
};

class Choices {
 public:
  Choices(const WalkOptions& options, const Clock& clock, uint64_t seed)
      : options_(options), clock_(clock), random_(seed) {}

  uint64_t number() { return random_(); }
  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  /// False where `n` is 0.
  bool one_in(uint32_t n) { return n != 0 && pick(n) == 0; }

  std::string key();
  std::string value();
  /// Never, at once, or some time that the walk may live to see.
  UnixSeconds exptime();
  size_t limit();
  /// Classes to move a page from and to, more often such as have pages. Some make no sense.
  std::pair<int, int> classes(const storage::Store& store);

 private:
  WalkOptions options_;
  const Clock& clock_;
  std::mt19937_64 random_;
};

}  // namespace ember::property
