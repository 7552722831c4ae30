// SPDX-License-Identifier: BSD-3-Clause
#include "base/log_limiter.h"

#include <utility>
#include <vector>

namespace ember::log {

LogLimiter::Kind* LogLimiter::find(std::string_view kind) {
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
  // What was left out keeps the window until settle() has told of it.
  if (known->lines == 0 || (now_ms - known->since_ms >= kWindowMs && known->left_out == 0)) {
    known->since_ms = now_ms;
    known->lines = 0;
  }
  if (known->lines < kLines) {
    ++known->lines;
    return true;
  }
  ++known->left_out;
  return false;
}

void LogLimiter::settle(uint64_t now_ms, const Tell& tell) {
  std::vector<std::pair<std::string_view, uint64_t>> over;
  {
    const MutexLock lock(mutex_);
    for (size_t i = 0; i < count_; ++i) {
      Kind& kind = kinds_[i];
      if (kind.left_out > 0 && now_ms - kind.since_ms >= kWindowMs) {
        over.emplace_back(kind.text, kind.left_out);
        kind.left_out = 0;
        kind.lines = 0;
      }
    }
  }
  for (const auto& [text, left_out] : over) {
    tell(text, left_out);
  }
}

}  // namespace ember::log
