// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_rig.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace ember::property {

using storage::Access;
using storage::hash_key;
using storage::Outcome;

namespace {

// crash() goes on from one in so many images: a copy is dear.
constexpr uint64_t kKeepOneIn = 50;

}  // namespace

CrashRig::CrashRig(const CrashRigOptions& options, uint64_t seed)
    : options_(options),
      random_(seed),
      oracle_(clock_, options.may_vanish),
      cut_(options.store.memory_limit, random_()),
      region_(std::make_unique<CrashRegion>(options.store.memory_limit)) {
  listen();
  open();
}

void CrashRig::listen() {
  region_->listen([this](CrashRegion::Moment) {
    if (random_() % options_.moment_one_in == 0) {
      look();
    }
  });
}

void CrashRig::open() {
  auto store = storage::Store::open(options_.store, *region_, clock_);
  check(store.has_value(), "the store opens");
  store_ = std::move(*store);
  thread_ = store_->register_thread();
}

void CrashRig::look() {
  if (quiet_ || faulty()) {
    return;
  }
  cut_.each(*region_, options_.images, [this](ImageRegion& image) {
    ++images_;
    if (random_() % kKeepOneIn == 0 && oracle_.decidable()) {
      keep(image);
    }
    auto store = storage::Store::open(options_.store, image, clock_);
    if (!store) {
      oracle_.fault("does not open: " + store.error().message);
      return;
    }
    const auto thread = (*store)->register_thread();
    oracle_.judge(**store, *thread);
    if (faulty()) {
      const storage::RecoveryReport& report = (*store)->recovery();
      oracle_.fault(fmt::format("(recovery: {} items, {} expired, {} replaced, {} damaged, {})",
                                report.items, report.expired, report.replaced, report.damaged,
                                report.reason));
    }
  });
}

void CrashRig::keep(ImageRegion& image) {
  // Every image since the last cut has the same chance.
  if (random_() % ++kept_among_ == 0) {
    const auto bytes = image.bytes();
    kept_.emplace(Kept{.bytes = {bytes.begin(), bytes.end()}, .oracle = oracle_});
  }
}

void CrashRig::run(const Operation& operation) {
  oracle_.begin(operation);
  const Operation::Done done = operation.act();
  oracle_.acknowledge(operation, done, *store_, *thread_);
  look();
  judge_safety();
  thread_->quiesce();
}

/// What was acknowledged must not hang on a line that is not durable, whatever images show.
void CrashRig::judge_safety() {
  if (quiet_ || faulty()) {
    return;
  }
  for (const std::string& key : oracle_.keys()) {
    const storage::Found found = store_->find(*thread_, key, hash_key(key), Access::peek);
    if (!found) {
      continue;
    }
    const storage::Item& item = *found.item;
    const auto* head = reinterpret_cast<const std::byte*>(&item);
    const size_t head_size = static_cast<size_t>(item.body() - reinterpret_cast<const char*>(head));
    const size_t table = item.chained() ? store_->part_count(item) * sizeof(uint64_t) : 0;
    bool safe = region_->is_safe({head, head_size + table});
    for (size_t i = 0; i < store_->part_count(item); ++i) {
      const std::string_view piece = store_->part(item, i);
      safe = safe && (piece.empty() || region_->is_safe(std::as_bytes(std::span(piece))));
    }
    if (!safe) {
      oracle_.fault(key + " hangs on a line that is not durable");
    }
  }
}

void CrashRig::crash(uint32_t seconds_down) {
  if (!kept_) {
    const auto durable = region_->durable();
    kept_.emplace(Kept{.bytes = {durable.begin(), durable.end()}, .oracle = oracle_});
  }
  thread_.reset();
  store_.reset();
  const Kept kept = *std::exchange(kept_, std::nullopt);
  kept_among_ = 0;
  std::vector<std::string> faults = oracle_.faults();
  oracle_ = kept.oracle;
  oracle_.recovering();
  for (const std::string& fault : faults) {
    oracle_.fault("before the crash: " + fault);
  }
  region_ = std::make_unique<CrashRegion>(kept.bytes);
  clock_.advance(seconds_down);
  listen();
  open();
  oracle_.settle_for(*store_, *thread_);
  look();
  judge_safety();
}

void CrashRig::restart() {
  oracle_.begin({.what = "graceful stop and start",
                 .judge = [](Model&, uint64_t) { return Outcome::stored; }});
  thread_.reset();
  if (const auto closed = store_->close(false); !closed) {
    oracle_.fault("does not close: " + closed.error().message);
  }
  look();
  store_.reset();
  open();
  oracle_.settle_for(*store_, *thread_);
  look();
  judge_safety();
}

std::string CrashRig::faults() const {
  std::string text;
  for (const std::string& fault : oracle_.faults()) {
    text += fault + '\n';
  }
  return text;
}

}  // namespace ember::property
