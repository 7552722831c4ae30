// SPDX-License-Identifier: BSD-3-Clause
// LogLimiter: how many lines of a kind a log takes, so that a message a client can cause a thousand
// times a second neither fills a disk nor hides the others. What is left out is counted and
// reported. Not the writing: that is log.h's.
// Threads: any; it has its own mutex.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/mutex.h"

namespace ember::log {

class LogLimiter {
 public:
  /// So many lines of a kind in so much time; the rest of that time is counted.
  static constexpr uint32_t kLines = 20;
  static constexpr uint64_t kWindowMs = 10'000;

  /// Whether a line of this kind, known by where its text lies in memory, may be written now.
  bool admit(std::string_view kind, uint64_t now_ms);

  /// Calls `report` for each kind of which lines were left out in a window that is over at
  /// `now_ms`, without the mutex. Cheap when there is none.
  using Report = std::function<void(std::string_view kind, uint64_t left_out)>;
  void report_left_out(uint64_t now_ms, const Report& report);

 private:
  struct Kind {
    std::string_view text;
    uint64_t since_ms = 0;
    uint32_t lines = 0;
    uint64_t left_out = 0;
  };
  /// More than there are in the program; those beyond are not limited.
  static constexpr size_t kMostKinds = 256;

  Kind* find(std::string_view kind) EMBER_REQUIRES(mutex_);

  Mutex mutex_;
  std::array<Kind, kMostKinds> kinds_ EMBER_GUARDED_BY(mutex_);
  size_t count_ EMBER_GUARDED_BY(mutex_) = 0;
};

}  // namespace ember::log
