// SPDX-License-Identifier: BSD-3-Clause
// The store under threads: every answer must fit one order of all operations on its key.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

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
