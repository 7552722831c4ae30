// SPDX-License-Identifier: BSD-3-Clause
// InFlight: the requests of one connection that are not answered yet, oldest first, with their
// keys. Two rings of fixed size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"

namespace ember::bench {

enum class Verb : uint8_t { get, set };

struct Request {
  Verb verb = Verb::get;
  uint32_t width = 1;       // keys
  int64_t intended_ns = 0;  // when it should have been sent
};

class InFlight {
 public:
  InFlight(size_t depth, size_t width) : requests_(depth), keys_(depth * width) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == requests_.size(); }

  void push(Verb verb, std::span<const uint64_t> keys, int64_t intended_ns) {
    check(!full(), "a request beyond the pipeline's depth");
    size_t at = first_ + size_;
    at -= at >= requests_.size() ? requests_.size() : 0;
    requests_[at] = {verb, static_cast<uint32_t>(keys.size()), intended_ns};
    ++size_;
    debug_check(keys.size() * requests_.size() <= keys_.size(),
                "a request is no wider than stated");
    for (const uint64_t key : keys) {
      keys_[key_end_] = key;
      key_end_ = key_end_ + 1 == keys_.size() ? 0 : key_end_ + 1;
    }
  }

  /// The oldest request; there must be one.
  const Request& front() const {
    debug_check(!empty(), "a request is under way");
    return requests_[first_];
  }

  /// The next key of the oldest request. The caller takes exactly `width` of them.
  uint64_t take_key() {
    debug_check(!empty(), "keys are of a request under way");
    const uint64_t key = keys_[key_first_];
    key_first_ = key_first_ + 1 == keys_.size() ? 0 : key_first_ + 1;
    return key;
  }

  void pop() {
    debug_check(!empty(), "a request is under way");
    first_ = first_ + 1 == requests_.size() ? 0 : first_ + 1;
    --size_;
  }

 private:
  std::vector<Request> requests_;
  std::vector<uint64_t> keys_;
  size_t first_ = 0;
  size_t size_ = 0;
  size_t key_first_ = 0;
  size_t key_end_ = 0;
};

}  // namespace ember::bench
