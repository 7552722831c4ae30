// SPDX-License-Identifier: BSD-3-Clause
#include "base/log_limiter.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace ember::log {

LogLimiter::Kind* LogLimiter::find(std::string_view kind) {
  check(count_ <= kMostKinds, "there are no more kinds than there is room for");
  for (size_t i = 0; i < count_; ++i) {
    if (kinds_[i].text.data() == kind.data()) {
      return &kinds_[i];
    }
  }
  if (count_ == kMostKinds) {
    return nullptr;
  }
  kinds_[count_].text = kind;
  return &kinds_[count_++];
}

bool LogLimiter::admit(std::string_view kind, uint64_t now_ms) {
  const MutexLock lock(mutex_);
  Kind* const known = find(kind);
  if (known == nullptr) {
    return true;
  }
  // A window with lines left out lasts until report_left_out() has reported them.
  if (known->lines == 0 || (now_ms - known->since_ms >= kWindowMs && known->left_out == 0)) {
    known->since_ms = now_ms;
    known->lines = 0;
  }
  if (known->lines < kLines) {
    ++known->lines;
    return true;
  }
  check(known->lines == kLines, "lines are left out when a window has all it takes");
  ++known->left_out;
  return false;
}

void LogLimiter::report_left_out(uint64_t now_ms, const Report& report) {
  std::vector<std::pair<std::string_view, uint64_t>> over;
  {
    const MutexLock lock(mutex_);
    for (size_t i = 0; i < count_; ++i) {
      Kind& kind = kinds_[i];
      if (kind.left_out > 0 && now_ms - kind.since_ms >= kWindowMs) {
        check(kind.lines == kLines, "lines are left out when a window has all it takes");
        over.emplace_back(kind.text, kind.left_out);
        kind.left_out = 0;
        kind.lines = 0;
      }
    }
  }
  for (const auto& [text, left_out] : over) {
    report(text, left_out);
  }
}

}  // namespace ember::log
