// SPDX-License-Identifier: BSD-3-Clause
#include "storage/store.h"

#include <fmt/format.h>

#include <utility>

#include "storage/background/janitor.h"
#include "storage/background/move_request.h"
#include "storage/background/resizer.h"
#include "storage/background/sweeper.h"
#include "storage/core/core.h"
#include "storage/evict/evictor.h"
#include "storage/evict/page_balancer.h"
#include "storage/evict/page_mover.h"
#include "storage/link/linker.h"
#include "storage/link/reclaimer.h"
#include "storage/link/thread_state.h"
#include "storage/media/takeover.h"
#include "storage/read/pins.h"
#include "storage/read/reader.h"
#include "storage/read/verifier.h"
#include "storage/restart/restart.h"
#include "storage/stats/store_counters.h"
#include "storage/write/allocator.h"
#include "storage/write/modifier.h"
#include "storage/write/writer.h"

namespace ember::storage {
namespace {

ThreadState& state_of(StoreThread& thread) { return static_cast<ThreadState&>(thread); }

}  // namespace

/// Each is made of those above it, and refers to no other.
struct Store::Parts {
  Parts(const StoreOptions& options, MemoryRegion& region, const Clock& clock, Takeover takeover)
      : core(options, region, clock, std::move(takeover)) {}

  StoreCore core;
  StoreCounters counters{core};
  Verifier verifier{core};
  Reader reader{core, verifier};
  Pins pins{core};
  Reclaimer reclaimer{core, pins};
  Linker linker{core, counters, reclaimer};
  Evictor evictor{core, verifier, linker};
  PageMover mover{core, verifier, linker, evictor};
  PageBalancer balancer{core, evictor, mover};
  Allocator allocator{core, evictor, balancer, reclaimer};
  Writer writer{core, verifier, linker};
  Modifier modifier{core, reader, verifier, allocator, writer};
  Sweeper sweeper{core, evictor};
  Resizer resizer{core, mover, balancer};
  MoveRequest move_request{core, balancer};
  Janitor janitor{core,
                  {.reclaimer = reclaimer,
                   .verifier = verifier,
                   .sweeper = sweeper,
                   .mover = mover,
                   .move_request = move_request,
                   .resizer = resizer,
                   .balancer = balancer}};
  Restart restart{{.core = core,
                   .counters = counters,
                   .reclaimer = reclaimer,
                   .verifier = verifier,
                   .linker = linker,
                   .allocator = allocator}};
};

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, MemoryRegion& region,
                                           const Clock& clock) {
  if (options.memory_limit < kMiB || options.memory_limit % kMiB != 0 ||
      region.bytes().size() != options.memory_limit) {
    return fail("the store's memory is not a whole number of MiB; give -m in MiB");
  }
  if (options.memory_limit > IndexEntry::kMaxOffset) {
    return fail(fmt::format("-m is limited to {} MiB", IndexEntry::kMaxOffset / kMiB));
  }
  Takeover takeover = judge_region(region, clock.now());
  if (region.persistent() && options.strict && !takeover.warm && !takeover.blank) {
    return fail(
        fmt::format("the memory file cannot be taken over: {}; start once without "
                    "--memory-file-strict to begin empty, or name another file",
                    takeover.reason));
  }
  auto parts = std::make_unique<Parts>(options, region, clock, std::move(takeover));
  if (auto started = parts->restart.start(); !started) {
    return std::unexpected(started.error());
  }
  if (options.track_sizes) {
    parts->counters.track_sizes_from_start();
  }
  return std::unique_ptr<Store>(new Store(std::move(parts)));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Store::~Store() = default;

std::unique_ptr<StoreThread> Store::register_thread() {
  return std::make_unique<ThreadState>(parts_->reclaimer, parts_->counters);
}

void Store::prefetch_bucket(Hash hash) const { parts_->reader.prefetch_bucket(hash); }

void Store::prefetch_item(Hash hash) const { parts_->reader.prefetch_item(hash); }

Found Store::find(StoreThread&, std::string_view key, Hash hash, Access access) {
  return parts_->reader.find(key, hash, access);
}

Draft Store::draft(StoreThread& thread, const ItemPlan& plan) {
  return parts_->allocator.draft(state_of(thread), plan);
}

Written Store::publish(StoreThread& thread, Draft draft, const WriteRule& rule) {
  return parts_->writer.publish(state_of(thread), std::move(draft), PublishRule(rule));
}

Written Store::concatenate(StoreThread& thread, const ItemName& name, std::string_view bytes,
                           End end, const WriteRule& rule) {
  return parts_->modifier.concatenate(state_of(thread), name, bytes, end, rule);
}

Counted Store::arithmetic(StoreThread& thread, std::string_view key, Hash hash,
                          const ArithmeticRule& rule) {
  return parts_->modifier.arithmetic(state_of(thread), key, hash, rule);
}

Found Store::touch(StoreThread&, std::string_view key, Hash hash, UnixSeconds exptime,
                   Access access) {
  return parts_->modifier.touch(key, hash, exptime, access);
}

Written Store::remove(StoreThread& thread, std::string_view key, Hash hash,
                      std::optional<uint64_t> cas_compare) {
  return parts_->writer.remove(state_of(thread), key, hash, cas_compare);
}

Written Store::invalidate(StoreThread& thread, std::string_view key, Hash hash,
                          const InvalidateRule& rule) {
  return parts_->modifier.invalidate(state_of(thread), key, hash, rule);
}

bool Store::try_win(const Item& item) { return parts_->modifier.try_win(item); }

void Store::flush_all(StoreThread&, UnixSeconds when) { parts_->writer.flush_all(when); }

bool Store::pin(StoreThread&, const Item& item) { return parts_->pins.pin(item); }

void Store::unpin(const Item& item) { parts_->pins.unpin(item); }

size_t Store::part_count(const Item& item) const { return parts_->reader.part_count(item); }

std::string_view Store::part(const Item& item, size_t index) const {
  return parts_->reader.part(item, index);
}

uint8_t Store::class_of(const Item& item) const { return parts_->core.class_of(item); }

void Store::dump(StoreThread&, DumpCursor& cursor, std::vector<DumpedItem>& out) {
  cursor.read(parts_->core, parts_->verifier, out);
}

bool Store::crawl(const ClassSet& classes) { return parts_->sweeper.crawl(classes); }

Result<void> Store::resize(size_t limit) { return parts_->resizer.resize(limit); }

PageMove Store::move_page(int from, int to) { return parts_->move_request.ask(from, to); }

void Store::track_sizes(bool on) { parts_->counters.track_sizes(on); }

const SizeHistogram& Store::sizes() const { return parts_->counters.sizes(); }

StoreTuning& Store::tuning() { return parts_->core.tuning; }

size_t Store::class_count() const { return parts_->core.classes.count(); }

bool Store::maintain(StoreThread& thread) { return parts_->janitor.maintain(state_of(thread)); }

RecoveryReport Store::recovery() const { return parts_->restart.report(); }

Result<void> Store::close(bool sync) { return parts_->restart.stop(sync); }

StoreStats Store::stats() const {
  const StoreCore& core = parts_->core;
  StoreStats stats;
  parts_->counters.add_to(stats);
  parts_->mover.add_to(stats);
  parts_->sweeper.add_to(stats);
  parts_->janitor.add_to(stats);
  stats.memory_limit = core.memory_limit.load(std::memory_order_relaxed);
  stats.memory_capacity = core.region.capacity();
  stats.pages_excess = core.pages.excess();
  stats.pages_free = core.pages.free_count();
  stats.pages_assigned = core.pages.usable() - stats.pages_free;
  stats.index_bytes = core.index->bytes();
  stats.hash_power = core.index->power();
  stats.index_growing = core.index->growing();
  stats.move_running = core.slabs.draining() || parts_->move_request.running();
  stats.metadata_bytes = core.pages.bytes();
  for (const auto& size_class : core.slabs.all()) {
    MutexLock lock(size_class->mutex);
    stats.metadata_bytes += size_class->ghost.bytes();
  }
  return stats;
}

std::vector<ClassStats> Store::class_stats() const { return parts_->counters.class_stats(); }

std::vector<UseCounters> Store::class_use() const { return parts_->counters.class_use(); }

void Store::reset_stats() { parts_->counters.reset(); }

}  // namespace ember::storage
