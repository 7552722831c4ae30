// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/opened_store.h"

#include <utility>

#include "base/check.h"

namespace ember::property {

using storage::Outcome;

OpenedStore::OpenedStore(const storage::StoreOptions& options) {
  auto region = storage::open_dram_region({.size = options.memory_limit});
  check(region.has_value(), "the region opens");
  region_ = std::move(*region);
  auto store = storage::Store::open(options, *region_, clock_);
  check(store.has_value(), "the store opens");
  store_ = std::move(*store);
  thread_ = store_->register_thread();
}

storage::Written OpenedStore::write(storage::StoreThread& thread, const NewItem& item,
                                    const storage::WriteRule& rule) {
  storage::Draft draft = store_->draft(thread, {.key = item.key,
                                                .hash = storage::hash_key(item.key),
                                                .client_flags = item.client_flags,
                                                .exptime = item.exptime,
                                                .value_size = item.value.size(),
                                                .sequenced = rule.cas_new.has_value()});
  if (draft.outcome() != Outcome::stored) {
    return {.outcome = draft.outcome()};
  }
  draft.fill(item.value);
  check(draft.next().empty(), "a full draft wants no more");
  return store_->publish(thread, std::move(draft), rule);
}

std::string OpenedStore::value_of(const storage::Item& item) const {
  std::string value;
  value.reserve(item.value_size());
  for (size_t i = 0; i < store_->piece_count(item); ++i) {
    value.append(store_->piece(item, i));
  }
  return value;
}

void OpenedStore::maintain(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const bool more = store_->maintain(*thread_);
    thread_->quiesce();
    if (!more) {
      return;
    }
  }
}

}  // namespace ember::property
