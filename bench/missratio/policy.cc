// SPDX-License-Identifier: BSD-3-Clause
#include "bench/missratio/policy.h"

#include "base/check.h"

namespace ember::bench {

bool HeldItems::hit(const TraceRequest& request, ReplayResult& result) const {
  check(request.key < items_.size(), "a request is for a key of the trace");
  const Held& held = items_[request.key];
  ++result.requests;
  result.request_bytes += request.size;
  const bool alive = held.size != 0 && (held.expires == 0 || request.second < held.expires);
  if (!alive) {
    ++result.misses;
    result.miss_bytes += request.size;
  }
  return alive;
}

void HeldItems::insert(const TraceRequest& request) {
  check(!holds(request.key), "an item is held once");
  items_[request.key] = {.size = size_of(request),
                         .expires = request.ttl == 0 ? 0 : request.second + request.ttl};
  bytes_ += size_of(request);
}

void HeldItems::erase(uint32_t key) {
  check(bytes_ >= items_[key].size, "no more bytes are given back than are held");
  bytes_ -= items_[key].size;
  items_[key] = {};
}

void KeyQueue::push(uint32_t key) {
  const uint32_t last = links_[end_].previous;
  links_[key] = {.previous = last, .next = end_};
  links_[last].next = key;
  links_[end_].previous = key;
}

void KeyQueue::remove(uint32_t key) {
  const Link link = links_[key];
  links_[link.previous].next = link.next;
  links_[link.next].previous = link.previous;
}

ReplayResult simulate_lru(const Trace& trace, const PolicyOptions& options) {
  ReplayResult result;
  HeldItems held(trace, options);
  KeyQueue queue(trace.key_count);
  for (const TraceRequest& request : trace.requests) {
    const bool hit = held.hit(request, result);
    if (held.holds(request.key)) {
      queue.remove(request.key);
    }
    if (!hit) {
      held.erase(request.key);
      while (!queue.empty() && held.bytes() + held.size_of(request) > options.capacity) {
        const uint32_t victim = queue.oldest();
        queue.remove(victim);
        held.erase(victim);
      }
      held.insert(request);
      check(held.bytes() <= options.capacity || queue.empty(),
            "more than the capacity is held for one item that is larger");
    }
    queue.push(request.key);
  }
  return result;
}

}  // namespace ember::bench
