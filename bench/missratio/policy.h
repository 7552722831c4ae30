// SPDX-License-Identifier: BSD-3-Clause
// policy: eviction policies on paper, bounded by bytes: what a trace would miss in a cache that
// wastes nothing but `overhead` bytes an item. The yardsticks beside the real servers.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/missratio/replay_result.h"
#include "bench/missratio/trace.h"

namespace ember::bench {

struct PolicyOptions {
  uint64_t capacity = uint64_t{64} << 20;  // bytes
  uint32_t key_size = 24;
  uint32_t overhead = 24;  // beside key and value
};

/// Least recently used.
ReplayResult simulate_lru(const Trace& trace, const PolicyOptions& options);

/// S3-FIFO (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023):
/// small queue 10 % of the bytes, ghosts for as many bytes as the main queue.
ReplayResult simulate_s3fifo(const Trace& trace, const PolicyOptions& options);

/// Belady's optimum, by bytes: evicts what is needed farthest in the future and does not admit an
/// item that is needed farther still. Exact for equal sizes, a close bound for others.
ReplayResult simulate_belady(const Trace& trace, const PolicyOptions& options);

/// What the policies share: the items held, with their sizes and expiries.
class HeldItems {
 public:
  HeldItems(const Trace& trace, const PolicyOptions& options)
      : options_(options), items_(trace.key_count) {}

  /// Whether the request hits; counts it. An expired item is no hit.
  bool hit(const TraceRequest& request, ReplayResult& result) const;
  bool holds(uint32_t key) const { return items_[key].size != 0; }
  void insert(const TraceRequest& request);
  void erase(uint32_t key);
  uint64_t size_of(const TraceRequest& request) const {
    return request.size + options_.key_size + options_.overhead;
  }
  uint64_t size_of(uint32_t key) const { return items_[key].size; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Held {
    uint64_t size = 0;  // 0: not held
    uint32_t expires = 0;
  };

  PolicyOptions options_;
  std::vector<Held> items_;
  uint64_t bytes_ = 0;
};

/// Keys in order, first in first out, with removal from the middle; a key is in at most one.
class KeyQueue {
 public:
  explicit KeyQueue(uint32_t key_count) : links_(size_t{key_count} + 1), end_(key_count) {
    links_[end_] = {end_, end_};
  }

  void push(uint32_t key);
  void remove(uint32_t key);
  uint32_t oldest() const { return links_[end_].next; }
  bool empty() const { return links_[end_].next == end_; }

 private:
  struct Link {
    uint32_t previous = 0;
    uint32_t next = 0;
  };
  std::vector<Link> links_;
  uint32_t end_;
};

}  // namespace ember::bench
