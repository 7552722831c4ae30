// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/pending_input.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace ember::server::session {

void PendingInput::append(std::span<const char> bytes) {
  if (bytes.empty()) {
    return;
  }
  if (bytes.size() > capacity_ - end_) {
    const size_t needed = size() + bytes.size();
    if (needed <= capacity_ && begin_ >= size()) {
      // Room enough once what is used has gone; the ranges do not overlap.
      std::memcpy(data_.get(), data_.get() + begin_, size());
    } else {
      const size_t capacity = std::bit_ceil(std::max<size_t>(needed, 256));
      auto data = std::make_unique_for_overwrite<char[]>(capacity);
      if (!empty()) {
        std::memcpy(data.get(), data_.get() + begin_, size());
      }
      data_ = std::move(data);
      capacity_ = capacity;
    }
    end_ = size();
    begin_ = 0;
  }
  std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void PendingInput::consume(size_t size) {
  check(size <= end_ - begin_, "no more is used than is there");
  begin_ += size;
  if (begin_ == end_) {
    data_.reset();
    begin_ = end_ = capacity_ = 0;
  }
}

}  // namespace ember::server::session
