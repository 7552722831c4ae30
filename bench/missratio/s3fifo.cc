// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "base/check.h"
#include "bench/missratio/policy.h"

namespace ember::bench {
namespace {

constexpr uint8_t kMaxFrequency = 3;
constexpr uint8_t kPromoteAbove = 1;

enum class Place : uint8_t { nowhere, small, main, ghost };

class S3Fifo {
 public:
  S3Fifo(const Trace& trace, const PolicyOptions& options)
      : capacity_(options.capacity),
        held_(trace, options),
        small_(trace.key_count),
        main_(trace.key_count),
        ghost_(trace.key_count),
        places_(trace.key_count),
        frequencies_(trace.key_count),
        ghost_sizes_(trace.key_count) {}

  void request(const TraceRequest& request, ReplayResult& result) {
    const uint32_t key = request.key;
    if (held_.hit(request, result)) {
      frequencies_[key] = std::min<uint8_t>(kMaxFrequency, frequencies_[key] + uint8_t{1});
      return;
    }
    if (held_.holds(key)) {
      drop(key);  // expired
    }
    const bool known = places_[key] == Place::ghost;
    if (known) {
      forget(key);
    }
    while (held_.bytes() > 0 && held_.bytes() + held_.size_of(request) > capacity_) {
      evict();
    }
    held_.insert(request);
    frequencies_[key] = 0;
    enter(key, known ? Place::main : Place::small);
    check(small_bytes_ + main_bytes_ == held_.bytes(), "each item that is held is in one queue");
  }

 private:
  void enter(uint32_t key, Place place) {
    places_[key] = place;
    (place == Place::main ? main_ : small_).push(key);
    (place == Place::main ? main_bytes_ : small_bytes_) += held_.size_of(key);
  }

  void leave(uint32_t key) {
    const bool main = places_[key] == Place::main;
    (main ? main_ : small_).remove(key);
    (main ? main_bytes_ : small_bytes_) -= held_.size_of(key);
    places_[key] = Place::nowhere;
  }

  void drop(uint32_t key) {
    leave(key);
    held_.erase(key);
  }

  void forget(uint32_t key) {
    ghost_.remove(key);
    ghost_bytes_ -= ghost_sizes_[key];
    places_[key] = Place::nowhere;
  }

  void remember(uint32_t key) {
    check(places_[key] == Place::small, "ghosts are of keys that leave the small queue");
    ghost_sizes_[key] = held_.size_of(key);
    drop(key);
    places_[key] = Place::ghost;
    ghost_.push(key);
    ghost_bytes_ += ghost_sizes_[key];
    while (ghost_bytes_ > capacity_ * 9 / 10) {
      check(!ghost_.empty(), "the ghosts' bytes are of ghosts");
      forget(ghost_.oldest());
    }
  }

  void evict() {
    if (small_bytes_ > capacity_ / 10 || main_.empty()) {
      check(!small_.empty(), "something is held when room is made");
      const uint32_t key = small_.oldest();
      if (frequencies_[key] > kPromoteAbove) {
        leave(key);
        frequencies_[key] = 0;
        enter(key, Place::main);
      } else {
        remember(key);
      }
      return;
    }
    const uint32_t key = main_.oldest();
    if (frequencies_[key] > 0) {
      --frequencies_[key];
      main_.remove(key);
      main_.push(key);
    } else {
      drop(key);
    }
  }

  uint64_t capacity_;
  HeldItems held_;
  KeyQueue small_;
  KeyQueue main_;
  KeyQueue ghost_;
  std::vector<Place> places_;
  std::vector<uint8_t> frequencies_;
  std::vector<uint64_t> ghost_sizes_;
  uint64_t small_bytes_ = 0;
  uint64_t main_bytes_ = 0;
  uint64_t ghost_bytes_ = 0;
};

}  // namespace

ReplayResult simulate_s3fifo(const Trace& trace, const PolicyOptions& options) {
  ReplayResult result;
  S3Fifo cache(trace, options);
  for (const TraceRequest& request : trace.requests) {
    cache.request(request, result);
  }
  check(result.requests == trace.requests.size(), "each request is counted");
  return result;
}

}  // namespace ember::bench
