// SPDX-License-Identifier: BSD-3-Clause
// storage: what the store costs without a server: lookups alone and in batches over working sets
// from the caches' size to far beyond, allocation, overwriting, eviction, two readers.
// Keys of 30 bytes, values of 100, as in the comparison with servers; time is per key.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "bench/random.h"
#include "storage/core/store_thread.h"
#include "storage/region/dram_region.h"
#include "storage/store.h"

namespace ember::bench {
namespace {

using storage::Access;
using storage::Hash;
using storage::Store;

constexpr size_t kKeySize = 30;
constexpr size_t kValueSize = 100;
constexpr size_t kMaxBatch = 64;

/// Texts of keys one after the other: reading them in order costs next to nothing.
class KeyTexts {
 public:
  explicit KeyTexts(size_t count) : bytes_(count * kKeySize) {}
  void set(size_t at, uint64_t key) {
    fmt::format_to_n(&bytes_[at * kKeySize], kKeySize, "k{:029}", key);
  }
  std::string_view operator[](size_t at) const { return {&bytes_[at * kKeySize], kKeySize}; }
  size_t size() const { return bytes_.size() / kKeySize; }

 private:
  std::vector<char> bytes_;
};

/// A store, the thread that filled it, and keys to ask for in random order.
class Filled {
 public:
  Filled(uint64_t items, size_t memory_limit)
      : region_(std::move(*storage::open_dram_region({.size = memory_limit}))),
        store_(std::move(*Store::open({.memory_limit = memory_limit}, *region_, clock_))),
        thread_(store_->register_thread()),
        asked_(std::min<uint64_t>(items * 4, uint64_t{1} << 22)) {
    KeyTexts one(1);
    for (uint64_t key = 0; key < items; ++key) {
      one.set(0, key);
      check(write(*thread_, one[0]), "a store takes what it is filled with");
    }
    Random random(items);
    for (size_t at = 0; at < asked_.size(); ++at) {
      asked_.set(at, random.below(items));
    }
    // Registered threads that do nothing must not hold memory back.
    thread_->offline();
  }

  ~Filled() { thread_->online(); }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;

  bool write(storage::StoreThread& thread, std::string_view key) {
    static constexpr char kValue[kValueSize] = {'v'};
    const storage::ItemPlan plan{
        .key = key, .hash = storage::hash_key(key), .value_size = kValueSize};
    auto draft = store_->draft(thread, plan);
    if (draft.outcome() != storage::Outcome::stored) {
      return false;
    }
    draft.fill({kValue, kValueSize});
    const auto written = store_->publish(thread, std::move(draft), {});
    if (++writes_ % 64 == 0) {
      thread.quiesce();
      store_->maintain(thread);
    }
    return written.outcome == storage::Outcome::stored;
  }

  Store& store() { return *store_; }
  const KeyTexts& asked() const { return asked_; }

 private:
  Clock clock_;
  std::unique_ptr<storage::MemoryRegion> region_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<storage::StoreThread> thread_;
  KeyTexts asked_;
  uint64_t writes_ = 0;
};

/// The store of that many items; kept until another size is asked for (10 million take 2 GiB).
Filled& filled_with(uint64_t items) {
  static std::unique_ptr<Filled> kept;
  static uint64_t kept_items = 0;
  if (kept_items != items) {
    kept.reset();
    kept = std::make_unique<Filled>(items, (items * 256 + 64 * kMiB) & ~(kMiB - 1));
    kept_items = items;
  }
  return *kept;
}

uint64_t copy_value(Store& store, const storage::Item& item, char* to) {
  const std::string_view value = store.part(item, 0);
  std::memcpy(to, value.data(), value.size());
  return value.size();
}

/// Looks `batch` keys up one after the other, or all together.
void find(benchmark::State& state, bool together) {
  Filled& filled = filled_with(static_cast<uint64_t>(state.range(0)));
  const auto batch = static_cast<size_t>(state.range(1));
  Store& store = filled.store();
  const KeyTexts& asked = filled.asked();
  const auto thread = store.register_thread();
  check(batch > 0 && batch <= kMaxBatch, "a batch fits the room for values");
  std::vector<char> out(kMaxBatch * kValueSize);
  Hash hashes[kMaxBatch];
  size_t at = 0;
  uint64_t found_bytes = 0;
  for (auto step : state) {
    at = at + batch > asked.size() ? 0 : at;
    for (size_t key = 0; key < batch; ++key) {
      hashes[key] = storage::hash_key(asked[at + key]);
    }
    if (together) {
      for (size_t key = 0; key < batch; ++key) {
        store.prefetch_bucket(hashes[key]);
      }
      for (size_t key = 0; key < batch; ++key) {
        store.prefetch_item(hashes[key]);
      }
    }
    for (size_t key = 0; key < batch; ++key) {
      const auto found = store.find(*thread, asked[at + key], hashes[key], Access::mark);
      if (found) {
        found_bytes += copy_value(store, *found.item, &out[key * kValueSize]);
      }
    }
    benchmark::DoNotOptimize(out.data());
    at += batch;
    thread->quiesce();
  }
  const auto keys = state.iterations() * static_cast<int64_t>(batch);
  check(found_bytes == static_cast<uint64_t>(keys) * kValueSize, "the store lost items");
  state.SetItemsProcessed(keys);
  state.counters["ns/key"] = benchmark::Counter(
      static_cast<double>(keys), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void find_single(benchmark::State& state) { find(state, false); }
void find_batched(benchmark::State& state) { find(state, true); }

BENCHMARK(find_single)->ArgNames({"items", "batch"})->Args({200'000, 1});
BENCHMARK(find_batched)->ArgNames({"items", "batch"})->ArgsProduct({{200'000}, {8, 16, 32, 50}});
BENCHMARK(find_single)->ArgNames({"items", "batch"})->Args({2'000'000, 1});
BENCHMARK(find_batched)->ArgNames({"items", "batch"})->ArgsProduct({{2'000'000}, {8, 16, 32, 50}});
BENCHMARK(find_single)->ArgNames({"items", "batch"})->Args({10'000'000, 1});
BENCHMARK(find_batched)->ArgNames({"items", "batch"})->ArgsProduct({{10'000'000}, {8, 16, 32, 50}});

void find_missing(benchmark::State& state) {
  Filled& filled = filled_with(200'000);
  Store& store = filled.store();
  const auto thread = store.register_thread();
  KeyTexts missing(1 << 16);
  for (size_t at = 0; at < missing.size(); ++at) {
    missing.set(at, 1'000'000'000 + at);
  }
  size_t at = 0;
  for (auto step : state) {
    at = (at + 1) % missing.size();
    const auto found =
        store.find(*thread, missing[at], storage::hash_key(missing[at]), Access::mark);
    check(!found, "found what was never stored");
    thread->quiesce();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_missing);

/// Readers of one hot key: what they share would show here.
void find_hot_key(benchmark::State& state) {
  static Filled* filled = nullptr;
  if (state.thread_index() == 0) {
    filled = &filled_with(200'000);
  }
  // The first pass of the loop is a barrier: all threads see what thread 0 made.
  std::unique_ptr<storage::StoreThread> thread;
  Hash hash = 0;
  for (auto step : state) {
    if (thread == nullptr) {
      thread = filled->store().register_thread();
      hash = storage::hash_key(filled->asked()[0]);
    }
    benchmark::DoNotOptimize(filled->store().find(*thread, filled->asked()[0], hash, Access::mark));
    thread->quiesce();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_hot_key)->Threads(1)->Threads(2)->UseRealTime();

/// Room for an item, filled and given back: slabs alone.
void draft_and_drop(benchmark::State& state) {
  Filled& filled = filled_with(200'000);
  const auto thread = filled.store().register_thread();
  const std::string_view key = filled.asked()[0];
  const storage::ItemPlan plan{
      .key = key, .hash = storage::hash_key(key), .value_size = kValueSize};
  for (auto step : state) {
    auto draft = filled.store().draft(*thread, plan);
    check(draft.outcome() == storage::Outcome::stored, "no room for a draft");
    benchmark::DoNotOptimize(draft.next().data());
    thread->quiesce();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(draft_and_drop);

void overwrite(benchmark::State& state) {
  Filled& filled = filled_with(static_cast<uint64_t>(state.range(0)));
  const auto thread = filled.store().register_thread();
  size_t at = 0;
  for (auto step : state) {
    at = at + 1 == filled.asked().size() ? 0 : at + 1;
    check(filled.write(*thread, filled.asked()[at]), "an overwrite was refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(overwrite)->ArgName("items")->Arg(200'000)->Arg(2'000'000);

/// New keys into a full store: every write evicts.
void write_and_evict(benchmark::State& state) {
  const auto memory = static_cast<size_t>(state.range(0)) * kMiB;
  Filled full(memory / 128, memory);
  const auto thread = full.store().register_thread();
  KeyTexts text(1);
  uint64_t key = uint64_t{1} << 40;
  for (auto step : state) {
    text.set(0, key++);
    check(full.write(*thread, text[0]), "a write was refused though it may evict");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_and_evict)->ArgName("MiB")->Arg(64)->Arg(1024);

}  // namespace
}  // namespace ember::bench
