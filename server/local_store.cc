// SPDX-License-Identifier: BSD-3-Clause
#include "server/local_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "storage/region/dram_region.h"
#include "storage/region/file_region.h"

namespace ember::server {
namespace {

/// -o hashpower counts memcached's 8-byte slots; the index counts buckets of eight of them.
unsigned index_power(unsigned hash_power) {
  constexpr unsigned kSlotsPower = 3;
  return hash_power > kSlotsPower ? hash_power - kSlotsPower : 0;
}

/// Nobody is served yet, so all processors may look through a memory file, however few -t says.
/// More than some do not help: they wait for memory, and each takes some of it.
unsigned recovery_threads(size_t workers) {
  constexpr unsigned kUseful = 16;
  return std::max(static_cast<unsigned>(workers),
                  std::min(std::thread::hardware_concurrency(), kUseful));
}

}  // namespace

Result<LocalStore> LocalStore::open(const Options& options, const Clock& clock,
                                    const std::atomic<bool>* give_up) {
  LocalStore local;
  if (auto opened = local.open_region(options); !opened) {
    return fail(opened.error().message);
  }
  if (auto opened = local.open_store(options, clock, give_up); !opened) {
    return fail(opened.error().message);
  }
  return local;
}

Result<void> LocalStore::open_region(const Options& options) {
  check(region_ == nullptr, "a region is opened once");
  memory_limit_ = options.memory_limit;
  if (options.memory_auto) {
    auto size = storage::file_size_for_auto(options.memory_file);
    if (!size) {
      return fail(size.error().message);
    }
    memory_limit_ = *size;
    if (options.item_size_max > memory_limit_ / 2) {
      return fail(
          fmt::format("-m auto finds {} MiB for {}, less than twice -I; lower -I, or enlarge "
                      "the volume",
                      *size / kMiB, options.memory_file));
    }
  }
  auto region = options.memory_file.empty()
                    ? storage::open_dram_region({.size = memory_limit_,
                                                 .huge_pages = options.large_pages,
                                                 .preallocate = options.lock_memory})
                    : storage::open_file_region({.path = options.memory_file,
                                                 .size = memory_limit_,
                                                 .huge_pages = options.large_pages});
  if (!region) {
    return fail(region.error().message);
  }
  region_ = std::move(*region);
  if (options.large_pages) {
    const storage::PageKind kind = region_->page_kind();
    if (kind == storage::PageKind::usual) {
      log::warning(
          "-L: there are no large pages for items; set some aside (sysctl vm.nr_hugepages), "
          "or allow transparent ones (/sys/kernel/mm/transparent_hugepage)");
    } else {
      log::info("-L: large pages for items: {}", storage::name_of(kind));
    }
  }
  return {};
}

Result<void> LocalStore::open_store(const Options& options, const Clock& clock,
                                    const std::atomic<bool>* give_up) {
  check(region_ != nullptr && store_ == nullptr, "a store is opened once, in its memory");
  storage::StoreOptions store_options;
  store_options.memory_limit = memory_limit_;
  store_options.item_size_max = options.item_size_max;
  store_options.growth_factor = options.growth_factor;
  store_options.min_item_space = options.min_item_space;
  store_options.evict = options.evict;
  store_options.hash_power = index_power(options.hash_power);
  store_options.track_sizes = options.track_sizes;
  store_options.strict = options.memory_file_strict;
  store_options.recovery_threads = recovery_threads(options.threads);
  store_options.give_up = give_up;
  auto store = storage::Store::open(store_options, *region_, clock);
  if (!store) {
    // The store knows its region, not where that is kept.
    return options.memory_file.empty()
               ? fail(store.error().message)
               : fail(fmt::format("{}: {}", options.memory_file, store.error().message));
  }
  store_ = std::move(*store);
  storage::StoreTuning& tuning = store_->tuning();
  tuning.sweep = options.sweep;
  tuning.sweep_rest_us = options.sweep_rest_us;
  tuning.sweep_items = options.sweep_items;
  tuning.automove = options.slab_reassign ? options.slab_automove : 0;
  tuning.automove_ratio = options.slab_automove_ratio;
  report_recovery(options.memory_file);
  return {};
}

void LocalStore::report_recovery(std::string_view memory_file) const {
  using Source = storage::RecoveryReport::Source;
  check(store_ != nullptr, "what was recovered is in a store");
  const storage::RecoveryReport& report = store_->recovery();
  if (report.source == Source::none) {
    return;
  }
  if (report.source == Source::cold) {
    log::info("memory file {}: starting empty: {}", memory_file, report.reason);
    return;
  }
  log::info(
      "memory file {}: {} items after a {} ({}) seconds={:.3f} expired={} replaced={} damaged={} "
      "unfit={} damaged_pages={}{}{}",
      memory_file, report.items,
      report.last_stop == storage::RecoveryReport::LastStop::graceful ? "graceful stop" : "crash",
      report.source == Source::scan ? "scan" : "state file", report.seconds, report.expired,
      report.replaced, report.damaged, report.unfit, report.damaged_pages,
      report.reason.empty() ? "" : " reason=",
      report.reason.empty() ? "" : log::value(report.reason));
}

void LocalStore::close(bool sync) {
  check(store_ != nullptr, "a store is closed once");
  if (auto closed = store_->close(sync); !closed) {
    log::warning("{}", closed.error().message);
  }
  store_.reset();
}

}  // namespace ember::server
