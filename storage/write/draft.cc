// SPDX-License-Identifier: BSD-3-Clause
#include "storage/write/draft.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "storage/core/core.h"

namespace ember::storage {

std::span<char> Draft::next() {
  if (item_ == nullptr || filled_ >= plan_.value_size) {
    return {};
  }
  if (!plan_.chained) {
    return {ItemWriter::body(item_, plan_) + filled_, plan_.value_size - filled_};
  }
  const size_t largest = core_->classes.largest();
  const Chain chain = ItemWriter::chain(item_, plan_, largest);
  const size_t part = filled_ / largest;
  const size_t inside = filled_ % largest;
  debug_check([&] { return inside < chain.size_of(part); }, "a part that is filled next has room");
  return {static_cast<char*>(core_->pages.at(chain.offset_of(part))) + inside,
          chain.size_of(part) - inside};
}

void Draft::advance(size_t size) {
  filled_ += size;
  debug_check(filled_ <= plan_.value_size, "a draft is filled with what it was planned for");
}

void Draft::fill(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> range = next();
    const size_t size = std::min(range.size(), bytes.size());
    check(size != 0, "what is filled into a draft fits it");
    std::memcpy(range.data(), bytes.data(), size);
    advance(size);
    bytes.remove_prefix(size);
  }
}

void Draft::drop() {
  if (item_ == nullptr) {
    return;
  }
  debug_check([this] { return !item_->live(); }, "a draft that is dropped was not linked");
  ItemWriter::chain(item_, plan_, core_->classes.largest())
      .for_each([this](const Chain::Part& part) { core_->slabs.give(part.offset); });
  core_->slabs.give(core_->pages.offset_of(item_));
  item_ = nullptr;
}

Draft& Draft::operator=(Draft&& other) noexcept {
  if (this != &other) {
    drop();
    core_ = other.core_;
    item_ = std::exchange(other.item_, nullptr);
    plan_ = other.plan_;
    outcome_ = other.outcome_;
    filled_ = other.filled_;
    debug_check(item_ == nullptr || core_ != nullptr, "a draft with a chunk knows its store");
  }
  return *this;
}

}  // namespace ember::storage
