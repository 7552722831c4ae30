// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/pending_input.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace ember::server::session {
namespace {

constexpr size_t kMaxSize = size_t{1} << 31;

}  // namespace

void PendingInput::append(std::span<const char> bytes) {
  if (bytes.empty()) {
    return;
  }
  check(bytes.size() < kMaxSize - size(), "sessions stop receiving long before");
  if (bytes.size() > size_t{capacity_} - end_) {
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
      capacity_ = static_cast<uint32_t>(capacity);
    }
    end_ -= begin_;
    begin_ = 0;
  }
  std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
  end_ += static_cast<uint32_t>(bytes.size());
  debug_check(begin_ < end_ && end_ <= capacity_, "what is kept lies within its memory");
}

void PendingInput::consume(size_t size) {
  check(size <= this->size(), "no more is used than is there");
  begin_ += static_cast<uint32_t>(size);
  debug_check(begin_ <= end_, "what is used was kept");
  if (begin_ == end_) {
    data_.reset();
    begin_ = end_ = capacity_ = 0;
  }
}

}  // namespace ember::server::session
