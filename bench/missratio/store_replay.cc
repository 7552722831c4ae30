// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <vector>

#include "base/check.h"
#include "bench/missratio/replay.h"
#include "bench/value_space.h"
#include "storage/core/store_thread.h"
#include "storage/region/dram_region.h"
#include "storage/store.h"

namespace ember::bench {
namespace {

class StoreReplay {
 public:
  StoreReplay(const Trace& trace, const KeySpace& keys, storage::Store& store, Clock& clock)
      : trace_(trace),
        keys_(keys),
        store_(store),
        thread_(store.register_thread()),
        clock_(clock),
        values_(*SizeDistribution::parse("1")),
        value_(trace.max_size) {}

  ReplayResult run(uint32_t maintain_every);

 private:
  void request(const TraceRequest& request);
  void verify(const TraceRequest& request, const storage::Item& item);
  void keep_time(uint32_t second);

  const Trace& trace_;
  const KeySpace& keys_;
  storage::Store& store_;
  std::unique_ptr<storage::StoreThread> thread_;
  Clock& clock_;
  ValueSpace values_;
  std::vector<char> value_;
  UnixSeconds began_ = 0;
  ReplayResult result_;
};

ReplayResult StoreReplay::run(uint32_t maintain_every) {
  constexpr int kMaintainTurns = 16;
  const auto start = std::chrono::steady_clock::now();
  began_ = clock_.now();
  uint32_t count = 0;
  for (const TraceRequest& next : trace_.requests) {
    if (trace_.timed) {
      keep_time(next.second);
    }
    request(next);
    thread_->quiesce();
    if (++count % maintain_every == 0) {
      for (int turn = 0; turn < kMaintainTurns && store_.maintain(*thread_); ++turn) {
        thread_->quiesce();
      }
    }
  }
  check(result_.requests == trace_.requests.size(), "each request is counted");
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result_;
}

void StoreReplay::keep_time(uint32_t second) {
  const uint32_t passed = clock_.now() - began_;
  if (passed < second) {
    clock_.advance(second - passed);
  }
}

void StoreReplay::request(const TraceRequest& request) {
  check(request.size <= value_.size(), "no value is larger than the trace says");
  char text[kMaxKeySize];
  const std::string_view key(text, static_cast<size_t>(keys_.write(text, request.key) - text));
  const storage::Hash hash = storage::hash_key(key);
  ++result_.requests;
  result_.request_bytes += request.size;
  if (const auto found = store_.find(*thread_, key, hash, storage::Access::mark)) {
    verify(request, *found.item);
    return;
  }
  ++result_.misses;
  result_.miss_bytes += request.size;
  const UnixSeconds exptime = request.ttl == 0 ? 0 : clock_.now() + request.ttl;
  const storage::ItemPlan plan{
      .key = key, .hash = hash, .exptime = exptime, .value_size = request.size};
  auto draft = store_.draft(*thread_, plan);
  if (draft.outcome() != storage::Outcome::stored) {
    ++result_.refused;
    return;
  }
  values_.write(value_.data(), request.key, request.size);
  draft.fill({value_.data(), request.size});
  const auto written = store_.publish(*thread_, std::move(draft), storage::WriteRule{});
  result_.refused += written.outcome == storage::Outcome::stored ? 0U : 1U;
}

void StoreReplay::verify(const TraceRequest& request, const storage::Item& item) {
  size_t position = 0;
  bool intact = true;
  for (size_t part = 0; part < store_.part_count(item); ++part) {
    const std::string_view bytes = store_.part(item, part);
    check(bytes.size() <= item.value_size() - position, "the parts are no longer than the value");
    intact = intact && values_.matches(request.key, item.value_size(), position, bytes);
    position += bytes.size();
  }
  result_.corrupt += intact && position == item.value_size() ? 0U : 1U;
}

}  // namespace

Result<ReplayResult> replay_to_store(const Trace& trace, const KeySpace& keys,
                                     const StoreReplayOptions& options) {
  auto region = storage::open_dram_region({.size = options.memory_limit});
  if (!region) {
    return std::unexpected(region.error());
  }
  Clock clock;
  storage::StoreOptions store_options;
  store_options.memory_limit = options.memory_limit;
  auto store = storage::Store::open(store_options, **region, clock);
  if (!store) {
    return std::unexpected(store.error());
  }
  return StoreReplay(trace, keys, **store, clock).run(options.maintain_every);
}

}  // namespace ember::bench
