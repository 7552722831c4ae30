// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/opened_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/fd.h"
#include "storage/region/dram_region.h"
#include "storage/region/file_region.h"

namespace ember::property {

using storage::Outcome;

namespace {

// More than any walk needs: a page goes in a few rounds.
constexpr int kMostRounds = 100'000;

/// A name that no other test takes.
std::string new_path() {
  std::string path = testing::TempDir() + "ember_property_XXXXXX";
  const Fd file(::mkstemp(path.data()));
  check(static_cast<bool>(file), "the test can make a file");
  return path;
}

}  // namespace

OpenedStore::OpenedStore(const storage::StoreOptions& options) : options_(options) {
  auto region = storage::open_dram_region({.size = options.memory_limit});
  check(region.has_value(), "the region opens");
  region_ = std::move(*region);
  open();
}

OpenedStore::OpenedStore(const storage::StoreOptions& options, InFile)
    : options_(options), path_(new_path()) {
  auto region = storage::open_file_region({.path = path_, .size = options.memory_limit});
  check(region.has_value(), "the memory file opens");
  region_ = std::move(*region);
  open();
}

OpenedStore::~OpenedStore() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

void OpenedStore::open() {
  auto store = storage::Store::open(options_, *region_, clock_);
  check(store.has_value(), "the store opens");
  store_ = std::move(*store);
  thread_ = store_->register_thread();
}

void OpenedStore::restart(bool graceful) {
  thread_.reset();
  if (graceful) {
    check(store_->close(false).has_value(), "the store closes");
  }
  store_.reset();
  open();
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
  for (size_t i = 0; i < store_->part_count(item); ++i) {
    value.append(store_->part(item, i));
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

bool OpenedStore::settle() {
  // A crawl may miss a page of a class whose pages come and go: first that comes to an end.
  if (!maintain_until_quiet()) {
    return false;
  }
  storage::ClassSet all;
  return store_->crawl(all.set()) && maintain_until_quiet();
}

bool OpenedStore::maintain_until_quiet() {
  for (int round = 0; round < kMostRounds; ++round) {
    store_->maintain(*thread_);
    const storage::StoreStats stats = store_->stats();
    if (stats.pages_excess == 0 && !stats.move_running && !stats.crawl_running) {
      return true;
    }
  }
  return false;
}

std::string OpenedStore::what_is_on_its_way() const {
  const storage::StoreStats stats = store_->stats();
  return fmt::format("for ever on its way: {} pages to be given back, {} move, {} crawl",
                     stats.pages_excess, stats.move_running ? "a" : "no",
                     stats.crawl_running ? "a" : "no");
}

}  // namespace ember::property
