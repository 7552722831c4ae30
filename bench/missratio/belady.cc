// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <queue>
#include <utility>

#include "base/check.h"
#include "bench/missratio/policy.h"

namespace ember::bench {
namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

/// For every request, the number of the next one for the same key.
std::vector<uint64_t> next_uses(const Trace& trace) {
  std::vector<uint64_t> next(trace.requests.size());
  std::vector<uint64_t> seen(trace.key_count, kNever);
  for (size_t at = trace.requests.size(); at-- > 0;) {
    const uint32_t key = trace.requests[at].key;
    next[at] = seen[key];
    check(next[at] > at, "a key is used again later");
    seen[key] = at;
  }
  return next;
}

class Belady {
 public:
  Belady(const Trace& trace, const PolicyOptions& options)
      : trace_(trace),
        capacity_(options.capacity),
        held_(trace, options),
        uses_(trace.key_count, kNever),
        expiries_(trace.key_count) {}

  void request(size_t at, uint64_t next, ReplayResult& result) {
    const TraceRequest& request = trace_.requests[at];
    check(next > at, "a key is used again later");
    const uint32_t key = request.key;
    const bool hit = held_.hit(request, result);
    if (!hit) {
      held_.erase(key);
      expiries_[key] = request.ttl == 0 ? 0 : request.second + request.ttl;
    }
    // A use after the item expired is no use.
    if (next != kNever && expiries_[key] != 0 && trace_.requests[next].second >= expiries_[key]) {
      next = kNever;
    }
    uses_[key] = next;
    if (next == kNever) {
      held_.erase(key);
      return;
    }
    if (!hit) {
      held_.insert(request);
    }
    farthest_.emplace(next, key);
    while (held_.bytes() > capacity_) {
      evict();
    }
    check(!held_.holds(key) || uses_[key] == next, "an item is held for its next use");
  }

 private:
  void evict() {
    check(!farthest_.empty(), "each item that is held is in the heap");
    const auto [use, key] = farthest_.top();
    farthest_.pop();
    // Entries of items that were used since are left behind in the heap.
    if (held_.holds(key) && uses_[key] == use) {
      held_.erase(key);
    }
  }

  const Trace& trace_;
  uint64_t capacity_;
  HeldItems held_;
  std::vector<uint64_t> uses_;
  std::vector<uint32_t> expiries_;
  std::priority_queue<std::pair<uint64_t, uint32_t>> farthest_;
};

}  // namespace

ReplayResult simulate_belady(const Trace& trace, const PolicyOptions& options) {
  ReplayResult result;
  const std::vector<uint64_t> next = next_uses(trace);
  Belady cache(trace, options);
  for (size_t at = 0; at < trace.requests.size(); ++at) {
    cache.request(at, next[at], result);
  }
  check(result.requests == trace.requests.size(), "each request is counted");
  return result;
}

}  // namespace ember::bench
