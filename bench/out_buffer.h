// SPDX-License-Identifier: BSD-3-Clause
// OutBuffer: bytes being put together for one send; grows, never shrinks.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace ember::bench {

class OutBuffer {
 public:
  /// Room for `size` more bytes; valid until the next call of anything.
  char* room(size_t size) {
    if (bytes_.size() - size_ < size) {
      bytes_.resize((size_ + size) * 2);
    }
    debug_check(bytes_.size() - size_ >= size, "there is the room asked for");
    return bytes_.data() + size_;
  }
  /// What was written ends at `end`, in the last room().
  void commit(const char* end) {
    const auto size = static_cast<size_t>(end - bytes_.data());
    check(size >= size_ && size <= bytes_.size(), "what is committed fits the room there was");
    size_ = size;
  }

  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }

 private:
  std::vector<char> bytes_ = std::vector<char>(65536);
  size_t size_ = 0;
};

}  // namespace ember::bench
