// SPDX-License-Identifier: BSD-3-Clause
// incoming_value: the places of values that arrive in pieces: an item's own chunks, or, for a value
// to be joined with another, memory of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "protocol/handler.h"
#include "storage/store.h"

namespace ember::server::command {

class DraftedValue final : public protocol::IncomingValue {
 public:
  explicit DraftedValue(storage::Draft draft) : draft_(std::move(draft)) {}
  std::span<char> next() override { return draft_.next(); }
  void advance(size_t size) override { draft_.advance(size); }
  storage::Draft take() { return std::move(draft_); }

 private:
  storage::Draft draft_;
};

/// Memory the system gives as it is written: a client that only announces much costs little.
class JoinedValue final : public protocol::IncomingValue {
 public:
  explicit JoinedValue(size_t size)
      : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}
  std::span<char> next() override { return {bytes_.get() + filled_, size_ - filled_}; }
  void advance(size_t size) override {
    check(size <= size_ - filled_, "a value is not longer than announced");
    filled_ += size;
  }
  std::string_view bytes() const { return {bytes_.get(), filled_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
  size_t filled_ = 0;
};

}  // namespace ember::server::command
