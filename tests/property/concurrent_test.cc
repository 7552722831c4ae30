// SPDX-License-Identifier: BSD-3-Clause
// The store under threads: every answer must fit one order of all operations on its key.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "storage/slab/page_table.h"
#include "tests/property/choices.h"
#include "tests/property/history.h"
#include "tests/property/opened_store.h"
#include "tests/property/seed.h"
#include "tests/property/worker.h"

namespace ember::property {
namespace {

using storage::StoreOptions;

constexpr uint32_t kWorkers = 4;

/// Maintains the store, on a thread of its own, for as long as it lives.
class Janitor {
 public:
  explicit Janitor(OpenedStore& opened)
      : thread_([&opened](const std::stop_token& stop) {
          const auto entry = opened.store().register_thread();
          while (!stop.stop_requested()) {
            const bool more = opened.store().maintain(*entry);
            entry->offline();
            if (!more) {
              std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            entry->online();
          }
          entry->offline();
        }) {}

 private:
  std::jthread thread_;
};

/// Sets limits, moves pages and lists items, on a thread of its own, for as long as it lives.
class Rearranger {
 public:
  struct Counts {
    std::atomic<uint64_t> resizes{0};
    std::atomic<uint64_t> moves{0};
    std::atomic<uint64_t> listed{0};
  };

  Rearranger(OpenedStore& opened, const WalkOptions& options, uint64_t seed, Counts& counts)
      : opened_(opened),
        options_(options),
        choices_(options, opened.clock(), seed),
        counts_(counts),
        thread_([this](const std::stop_token& stop) {
          const auto entry = opened_.store().register_thread();
          // However short the others' time is.
          for (uint32_t turn = 0; turn < kLeastTurns || !stop.stop_requested(); ++turn) {
            act(*entry, turn);
            entry->quiesce();
          }
          entry->offline();
        }) {}

 private:
  static constexpr uint32_t kLeastTurns = 500;

  void act(storage::StoreThread& thread, uint32_t turn) {
    if (turn % options_.resize_one_in == 0) {
      EXPECT_TRUE(opened_.store().resize(choices_.limit()).has_value());
      ++counts_.resizes;
    }
    if (choices_.one_in(options_.move_one_in)) {
      const auto [from, to] = choices_.classes(opened_.store());
      const bool moves = opened_.store().move_page(from, to) == storage::PageMove::ok;
      counts_.moves += moves ? 1U : 0U;
    }
    list(thread);
  }

  /// The next few: each whole, whatever others do to its key meanwhile.
  void list(storage::StoreThread& thread) {
    if (cursor_.done()) {
      cursor_ = choices_.one_in(2) ? storage::DumpCursor()
                                   : storage::DumpCursor(storage::ClassSet().set());
    }
    std::vector<storage::DumpedItem> items;
    opened_.store().dump(thread, cursor_, items);
    for (const storage::DumpedItem& dumped : items) {
      const std::string value = opened_.value_of(*dumped.item);
      const bool filler = dumped.item->key().starts_with("filler");
      const bool whole = filler ? value.find_first_not_of('f') == std::string::npos
                                : !short_form(value).starts_with("torn");
      EXPECT_TRUE(whole) << dumped.item->key();
      ++counts_.listed;
    }
  }

  OpenedStore& opened_;
  WalkOptions options_;
  Choices choices_;
  Counts& counts_;
  storage::DumpCursor cursor_;
  std::jthread thread_;
};

std::vector<Worker> run_workers(OpenedStore& opened, WorkerOptions options, uint64_t seed) {
  std::vector<Worker> workers;
  for (options.worker_index = 0; options.worker_index < kWorkers; ++options.worker_index) {
    workers.emplace_back(opened, options, seed + options.worker_index);
  }
  {
    const Janitor janitor(opened);
    std::vector<std::jthread> threads;
    for (Worker& worker : workers) {
      threads.emplace_back([&worker] { worker.run(); });
    }
  }
  return workers;
}

void expect_explained(const std::vector<Worker>& workers, const HistoryRule& rule) {
  for (size_t key = 0; key < workers.front().histories().size(); ++key) {
    std::vector<Operation> history;
    for (const Worker& worker : workers) {
      const auto& part = worker.histories()[key];
      history.insert(history.end(), part.begin(), part.end());
    }
    ASSERT_FALSE(history.empty());
    const auto problem = explain(std::move(history), rule);
    ASSERT_FALSE(problem.has_value()) << "key " << key << ": " << *problem;
  }
}

void expect_cas_given_once(const std::vector<Worker>& workers) {
  std::vector<uint64_t> given;
  for (const Worker& worker : workers) {
    given.insert(given.end(), worker.given().begin(), worker.given().end());
  }
  ASSERT_FALSE(given.empty());
  std::ranges::sort(given);
  EXPECT_GT(given.front(), 0U);
  const auto twice = std::ranges::adjacent_find(given);
  EXPECT_TRUE(twice == given.end()) << "given twice: " << *twice;
}

void expect_never_full(const std::vector<Worker>& workers) {
  for (const Worker& worker : workers) {
    EXPECT_EQ(worker.full_count(), 0U) << "no_memory";
  }
}

TEST(Concurrent, FewKeysWithRoomForAll) {
  OpenedStore opened({.memory_limit = 64 * kMiB, .evict = false});
  opened.thread().offline();
  const auto workers =
      run_workers(opened, {.operation_count = EMBER_PROPERTY_STEPS / 4}, seed_of_test());
  expect_never_full(workers);
  expect_cas_given_once(workers);
  expect_explained(workers, {});
}

TEST(Concurrent, ChunksChangeHandsAndTheIndexGrows) {
  OpenedStore opened({.memory_limit = 256 * kMiB, .evict = false});
  opened.thread().offline();
  const auto workers = run_workers(opened,
                                   {.operation_count = EMBER_PROPERTY_STEPS / 2,
                                    .key_count = 24,
                                    .max_value_size = 500,
                                    .filler_count = 50000},
                                   seed_of_test());
  expect_never_full(workers);
  expect_cas_given_once(workers);
  expect_explained(workers, {});
}

TEST(Concurrent, FlushesAmongEverythingElse) {
  OpenedStore opened({.memory_limit = 64 * kMiB, .evict = false});
  opened.thread().offline();
  const auto workers = run_workers(
      opened,
      {.operation_count = EMBER_PROPERTY_STEPS / 8, .max_value_size = 200, .flush_one_in = 50},
      seed_of_test());
  expect_never_full(workers);
  expect_explained(workers, {});
}

TEST(Concurrent, LargeValuesAreNeverTorn) {
  OpenedStore opened({.memory_limit = 256 * kMiB, .evict = false});
  opened.thread().offline();
  const auto workers = run_workers(
      opened,
      {.operation_count = EMBER_PROPERTY_STEPS / 200, .key_count = 4, .max_value_size = 900000},
      seed_of_test());
  expect_never_full(workers);
  expect_explained(workers, {});
}

TEST(Concurrent, EvictingAHitIsAlwaysTheLastWritten) {
  OpenedStore opened({.memory_limit = 4 * kMiB});
  opened.thread().offline();
  const auto workers = run_workers(opened,
                                   {.operation_count = EMBER_PROPERTY_STEPS / 4,
                                    .key_count = 200,
                                    .max_value_size = 2000,
                                    .filler_count = 10000},
                                   seed_of_test());
  expect_never_full(workers);
  expect_cas_given_once(workers);
  expect_explained(workers, {.may_vanish = true});
}

/// Once all is quiet, what is listed is what is counted.
void expect_figures(OpenedStore& opened) {
  opened.thread().online();
  ASSERT_TRUE(opened.settle()) << opened.what_is_on_its_way();
  std::vector<storage::DumpedItem> items;
  for (storage::DumpCursor cursor; !cursor.done();) {
    opened.store().dump(opened.thread(), cursor, items);
  }
  uint64_t bytes = 0;
  for (const storage::DumpedItem& dumped : items) {
    bytes += dumped.item->size();
  }
  const storage::StoreStats stats = opened.store().stats();
  EXPECT_EQ(stats.items, items.size());
  EXPECT_EQ(stats.bytes, bytes);
  const size_t page = storage::page_size_for(opened.first_limit());
  EXPECT_EQ((stats.pages_assigned + stats.pages_free) * page, stats.memory_limit);
}

void expect_rearranged(OpenedStore& opened, const WalkOptions& options) {
  opened.thread().offline();
  const uint64_t seed = seed_of_test();
  Rearranger::Counts counts;
  std::vector<Worker> workers;
  {
    const Rearranger rearranger(opened, options, ~seed, counts);
    workers = run_workers(opened,
                          {.operation_count = EMBER_PROPERTY_STEPS / 8,
                           .key_count = 200,
                           .max_value_size = 2000,
                           .filler_count = 10000},
                          seed);
  }
  EXPECT_GT(counts.resizes, 0U);
  EXPECT_TRUE(counts.moves > 0 || options.move_one_in == 0);
  EXPECT_GT(counts.listed, 0U);
  expect_cas_given_once(workers);
  expect_explained(workers, {.may_vanish = options.may_vanish});
  if (!options.may_vanish) {
    // Pages with items in them cannot go: they would be on their way for ever.
    ASSERT_TRUE(opened.store().resize(options.most_limit));
  }
  expect_figures(opened);
}

TEST(Concurrent, OtherLimitsMovedPagesAndLists) {
  OpenedStore opened({.memory_limit = 8 * kMiB});
  expect_rearranged(opened, {.resize_one_in = 50,
                             .least_limit = 2 * kMiB,
                             .most_limit = 16 * kMiB,
                             .move_one_in = 2,
                             .may_vanish = true});
}

TEST(Concurrent, OtherLimitsOfAMemoryFile) {
  OpenedStore opened({.memory_limit = 8 * kMiB}, OpenedStore::InFile());
  expect_rearranged(opened, {.resize_one_in = 50,
                             .least_limit = 2 * kMiB,
                             .most_limit = 8 * kMiB,
                             .move_one_in = 2,
                             .may_vanish = true});
}

// A page moved on command is emptied even then, as memcached's -M has it: there are none here.
TEST(Concurrent, OtherLimitsWithoutEvictionLoseNothing) {
  OpenedStore opened({.memory_limit = 8 * kMiB, .evict = false});
  expect_rearranged(opened,
                    {.resize_one_in = 50, .least_limit = 2 * kMiB, .most_limit = 64 * kMiB});
}

TEST(Concurrent, IncrementsSumUp) {
  constexpr int kIncrements = EMBER_PROPERTY_STEPS / 2;
  OpenedStore opened({.memory_limit = 64 * kMiB});
  const std::string key = "counter";
  const storage::Hash hash = storage::hash_key(key);
  ASSERT_EQ(opened.write(opened.thread(), {.key = key, .value = "0"}, {}).outcome,
            storage::Outcome::stored);
  opened.thread().offline();
  std::atomic<uint64_t> sum = 0;
  {
    const Janitor janitor(opened);
    std::vector<std::jthread> threads;
    for (uint32_t worker = 0; worker < kWorkers; ++worker) {
      threads.emplace_back([&, worker] {
        const auto thread = opened.store().register_thread();
        for (int i = 0; i < kIncrements; ++i) {
          const uint64_t delta = 1 + (static_cast<uint64_t>(i) + worker) % 7;
          const auto counted = opened.store().arithmetic(*thread, key, hash, {.delta = delta});
          if (counted.outcome == storage::Outcome::stored) {
            sum += delta;
          }
          thread->quiesce();
        }
        thread->offline();
      });
    }
  }
  opened.thread().online();
  const auto counted = opened.store().arithmetic(opened.thread(), key, hash, {.delta = 0});
  ASSERT_EQ(counted.outcome, storage::Outcome::stored);
  EXPECT_EQ(counted.value, sum.load());
}

TEST(Concurrent, OneOfManyWins) {
  OpenedStore opened({.memory_limit = 16 * kMiB});
  opened.thread().offline();
  constexpr int kRounds = EMBER_PROPERTY_STEPS / 100;
  for (int round = 0; round < kRounds; ++round) {
    opened.thread().online();
    const std::string key = "key" + std::to_string(round % 5);
    ASSERT_EQ(opened.write(opened.thread(), {.key = key, .value = "v"}, {}).outcome,
              storage::Outcome::stored);
    opened.thread().offline();
    std::atomic<int> winners = 0;
    {
      std::vector<std::jthread> threads;
      for (uint32_t worker = 0; worker < 2; ++worker) {
        threads.emplace_back([&] {
          const auto thread = opened.store().register_thread();
          const auto found =
              opened.store().find(*thread, key, storage::hash_key(key), storage::Access::mark);
          if (found && opened.store().try_win(*found.item)) {
            ++winners;
          }
          thread->offline();
        });
      }
    }
    ASSERT_EQ(winners.load(), 1) << "round " << round;
  }
}

}  // namespace
}  // namespace ember::property
