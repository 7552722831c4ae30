// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/store_metrics.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "base/check.h"

namespace ember::server::command {
namespace {

using enum MetricReset;
using enum MetricSection;
using storage::ClassStats;
using storage::RecoveryReport;
using storage::Store;
using storage::StoreStats;
using storage::UseCounters;

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kText = MetricKind::text;

/// For figures of memcached's that Ember has no like for: an idle memcached shows 0.
constexpr auto kNone = [](const auto& /*source*/) { return uint64_t{0}; };

constexpr auto kStoreMetrics = std::to_array<MetricRow<StoreStats>>({
    {{"limit_maxbytes", limit, kGauge, "bytes", "item memory there may be (-m, cache_memlimit)"},
     &StoreStats::memory_limit},
    {{"hash_power_level", memory, kGauge, "", "the index has 2^this buckets, rounded down"},
     &StoreStats::hash_power},
    {{"hash_bytes", memory, kGauge, "bytes", "memory of the index"}, &StoreStats::index_bytes},
    {{"hash_is_expanding", memory, kGauge, "", "1 while the index grows"},
     &StoreStats::index_growing},
    {{"slab_reassign_rescues", memory, kCounter, "", "items copied when their page moved"},
     &StoreStats::rescues},
    {{"slab_reassign_chunk_rescues", memory, kCounter, "", "always 0"}, kNone},
    {{"slab_reassign_inline_reclaim", memory, kCounter, "", "always 0"}, kNone},
    {{"slab_reassign_busy_items", memory, kCounter, "", "always 0: no item holds a page"}, kNone},
    {{"slab_reassign_busy_deletes", memory, kCounter, "", "always 0"}, kNone},
    {{"slab_reassign_busy_nomem", memory, kCounter, "", "always 0"}, kNone},
    {{"slab_reassign_last_busy_status", memory, kText, "", "always none"},
     [](const StoreStats& /*stats*/) { return "none"; }},
    {{"slab_reassign_running", memory, kGauge, "", "1 while a page moves"},
     &StoreStats::move_running},
    {{"slabs_moved", memory, kCounter, "", "pages moved from class to class"},
     &StoreStats::pages_moved},
    {{"lru_crawler_running", memory, kGauge, "", "1 while expired items are looked for"},
     &StoreStats::crawl_running},
    {{"lru_crawler_starts", memory, kCounter, "", "rounds of the janitor"},
     &StoreStats::janitor_rounds},
    {{"lru_maintainer_juggles", memory, kCounter, "", "rounds of the janitor"},
     &StoreStats::janitor_rounds},
    {{"bytes", items, kGauge, "bytes", "items with their headers"}, &StoreStats::bytes},
    {{"curr_items", items, kGauge, "", "items there are"}, &StoreStats::items},
    {{"total_items", items, kCounter, "", "items stored", by_source}, &StoreStats::total_items},
    {{"slab_global_page_pool", items, kGauge, "", "pages that no class has"},
     &StoreStats::pages_free},
    {{"pages_assigned", pages, kGauge, "", "pages that classes have"}, &StoreStats::pages_assigned},
    {{"pages_free", pages, kGauge, "", "pages that no class has"}, &StoreStats::pages_free},
    {{"pages_moved", pages, kCounter, "", "pages moved from class to class"},
     &StoreStats::pages_moved},
    {{"index_bytes", pages, kGauge, "bytes", "memory of the index"}, &StoreStats::index_bytes},
    {{"metadata_bytes", pages, kGauge, "bytes", "memory beside the items and the index"},
     &StoreStats::metadata_bytes},
    {{"rescues", pages, kCounter, "", "items copied when their page moved"}, &StoreStats::rescues},
    {{"janitor_rounds", pages, kCounter, "", "rounds of the janitor"}, &StoreStats::janitor_rounds},
    {{"memory_capacity", pages, kGauge, "bytes", "what cache_memlimit can raise the limit to"},
     &StoreStats::memory_capacity},
    {{"pages_to_give_back", pages, kGauge, "", "pages in use above the limit"},
     &StoreStats::pages_excess},
});

constexpr auto kMemoryMetrics = std::to_array<MetricRow<MemoryNames>>({
    {{"memory_pages", pages, kText, "", "kind of pages that item memory is mapped by"},
     [](const MemoryNames& names) { return names.pages; }},
});

/// Sums over all classes that plain `stats` ends with.
constexpr auto kClassSums = std::to_array<MetricRow<ClassStats>>({
    {{"expired_unfetched", classes, kCounter, "", "expired items that were never read", by_source},
     &ClassStats::expired_unfetched},
    {{"evicted_unfetched", classes, kCounter, "", "evicted items that were never read", by_source},
     &ClassStats::evicted_unfetched},
    {{"evicted_active", classes, kCounter, "", "evicted items that had been read", by_source},
     &ClassStats::evicted_active},
    {{"evictions", classes, kCounter, "", "items evicted for want of memory", by_source},
     &ClassStats::evicted},
    {{"reclaimed", classes, kCounter, "", "expired items whose memory a writer took", by_source},
     &ClassStats::reclaimed},
    {{"crawler_reclaimed", classes, kCounter, "", "expired items freed by the janitor", by_source},
     &ClassStats::crawler_reclaimed},
    {{"crawler_items_checked", classes, kCounter, "", "items the janitor looked at", by_source},
     &ClassStats::crawler_items_checked},
    {{"lrutail_reflocked", classes, kCounter, "", "always 0: no item is held"}, kNone},
    {{"moves_to_cold", classes, kCounter, "", "items moved to the main queue", by_source},
     &ClassStats::moves_to_main},
    {{"moves_to_warm", classes, kCounter, "", "always 0: there is no such queue"}, kNone},
    {{"moves_within_lru", classes, kCounter, "", "items moved within the main queue", by_source},
     &ClassStats::moves_within_main},
    {{"direct_reclaims", classes, kCounter, "", "writers that had to evict themselves", by_source},
     &ClassStats::direct_reclaims},
    {{"lru_bumps_dropped", classes, kCounter, "", "always 0: reads move nothing"}, kNone},
});

/// `stats items`, for each class. memcached's three queues to Ember's two: new items are hot, those
/// that were read again are cold's, whose end is evicted from. What has no like is 0.
constexpr auto kItemMetrics = std::to_array<MetricRow<ClassStats>>({
    {{"number", class_items, kGauge, "", "items of the class"}, &ClassStats::items},
    {{"number_hot", class_items, kGauge, "", "items in the queue of new items"},
     &ClassStats::items_small},
    {{"number_warm", class_items, kGauge, "", "always 0: there is no such queue"}, kNone},
    {{"number_cold", class_items, kGauge, "", "items in the main queue"}, &ClassStats::items_main},
    {{"age_hot", class_items, kGauge, "seconds",
      "time since the next victim among new items was used"},
     &ClassStats::age_small},
    {{"age_warm", class_items, kGauge, "seconds", "always 0: there is no such queue"}, kNone},
    {{"age", class_items, kGauge, "seconds", "time since the main queue's next victim was used"},
     &ClassStats::age},
    {{"mem_requested", class_items, kGauge, "bytes", "items, without what their chunks waste"},
     &ClassStats::mem_requested},
    {{"evicted", class_items, kCounter, "", "items evicted", by_source}, &ClassStats::evicted},
    {{"evicted_nonzero", class_items, kCounter, "", "evicted items with an expiry", by_source},
     &ClassStats::evicted_nonzero},
    {{"evicted_time", class_items, kGauge, "seconds", "idle time of the last victim"},
     &ClassStats::evicted_time},
    {{"outofmemory", class_items, kCounter, "", "writes refused for want of memory", by_source},
     &ClassStats::out_of_memory},
    {{"tailrepairs", class_items, kCounter, "", "always 0: no item is held"}, kNone},
    {{"reclaimed", class_items, kCounter, "", "expired items whose memory a writer took",
      by_source},
     &ClassStats::reclaimed},
    {{"expired_unfetched", class_items, kCounter, "", "expired items never read", by_source},
     &ClassStats::expired_unfetched},
    {{"evicted_unfetched", class_items, kCounter, "", "evicted items never read", by_source},
     &ClassStats::evicted_unfetched},
    {{"evicted_active", class_items, kCounter, "", "evicted items that had been read", by_source},
     &ClassStats::evicted_active},
    {{"crawler_reclaimed", class_items, kCounter, "", "expired items freed by the janitor",
      by_source},
     &ClassStats::crawler_reclaimed},
    {{"crawler_items_checked", class_items, kCounter, "", "items the janitor looked at", by_source},
     &ClassStats::crawler_items_checked},
    {{"lrutail_reflocked", class_items, kCounter, "", "always 0: no item is held"}, kNone},
    {{"moves_to_cold", class_items, kCounter, "", "items moved to the main queue", by_source},
     &ClassStats::moves_to_main},
    {{"moves_to_warm", class_items, kCounter, "", "always 0: there is no such queue"}, kNone},
    {{"moves_within_lru", class_items, kCounter, "", "items moved within the main queue",
      by_source},
     &ClassStats::moves_within_main},
    {{"direct_reclaims", class_items, kCounter, "", "writers that had to evict themselves",
      by_source},
     &ClassStats::direct_reclaims},
    {{"hits_to_hot", class_items, kCounter, "", "always 0: hits are counted by class"}, kNone},
    {{"hits_to_warm", class_items, kCounter, "", "always 0: there is no such queue"}, kNone},
    {{"hits_to_cold", class_items, kCounter, "", "always 0: hits are counted by class"}, kNone},
    {{"hits_to_temp", class_items, kCounter, "", "always 0: there is no such queue"}, kNone},
});

/// A class and what clients did with it.
struct UsedClass {
  const ClassStats& stats;
  const UseCounters& use;
};

/// `stats slabs`, for each class that has pages.
constexpr auto kSlabMetrics = std::to_array<MetricRow<UsedClass>>({
    {{"chunk_size", class_slabs, kGauge, "bytes", "size of a chunk"},
     [](const UsedClass& slab) { return slab.stats.chunk_size; }},
    {{"chunks_per_page", class_slabs, kGauge, "", "chunks in a page"},
     [](const UsedClass& slab) { return slab.stats.chunks_per_page; }},
    {{"total_pages", class_slabs, kGauge, "", "pages of the class"},
     [](const UsedClass& slab) { return slab.stats.pages; }},
    {{"total_chunks", class_slabs, kGauge, "", "chunks in its pages"},
     [](const UsedClass& slab) { return slab.stats.used_chunks + slab.stats.free_chunks; }},
    {{"used_chunks", class_slabs, kGauge, "", "chunks with an item or a part of one"},
     [](const UsedClass& slab) { return slab.stats.used_chunks; }},
    {{"free_chunks", class_slabs, kGauge, "", "chunks that are free"},
     [](const UsedClass& slab) { return slab.stats.free_chunks; }},
    {{"free_chunks_end", class_slabs, kGauge, "", "always 0"}, kNone},
    {{"get_hits", class_slabs, kCounter, "", "keys found", by_source},
     [](const UsedClass& slab) { return slab.use.get_hits.get(); }},
    {{"cmd_set", class_slabs, kCounter, "", "items stored", by_source},
     [](const UsedClass& slab) { return slab.use.sets.get(); }},
    {{"delete_hits", class_slabs, kCounter, "", "items deleted", by_source},
     [](const UsedClass& slab) { return slab.use.delete_hits.get(); }},
    {{"incr_hits", class_slabs, kCounter, "", "incr of items found", by_source},
     [](const UsedClass& slab) { return slab.use.incr_hits.get(); }},
    {{"decr_hits", class_slabs, kCounter, "", "decr of items found", by_source},
     [](const UsedClass& slab) { return slab.use.decr_hits.get(); }},
    {{"cas_hits", class_slabs, kCounter, "", "cas whose number was the item's", by_source},
     [](const UsedClass& slab) { return slab.use.cas_hits.get(); }},
    {{"cas_badval", class_slabs, kCounter, "", "cas whose number was not the item's", by_source},
     [](const UsedClass& slab) { return slab.use.cas_badval.get(); }},
    {{"touch_hits", class_slabs, kCounter, "", "items touched", by_source},
     [](const UsedClass& slab) { return slab.use.touch_hits.get(); }},
});

constexpr auto kSlabTotals = std::to_array<MetricRow<ClassStats>>({
    {{"active_slabs", slab_totals, kGauge, "", "classes that have pages"},
     [](const ClassStats& /*one*/) { return uint64_t{1}; }},
    {{"total_malloced", slab_totals, kGauge, "bytes", "chunks of all classes"},
     [](const ClassStats& slab) { return slab.pages * slab.chunk_size * slab.chunks_per_page; }},
});

std::string_view name_of(RecoveryReport::Source source) {
  using enum RecoveryReport::Source;
  return source == scan ? "scan" : source == state_file ? "state_file" : "cold";
}

std::string_view name_of(RecoveryReport::LastStop stop) {
  using enum RecoveryReport::LastStop;
  return stop == graceful ? "graceful" : stop == crash ? "crash" : "none";
}

constexpr auto kFileMetrics = std::to_array<MetricRow<MemoryNames>>({
    {{"memory_file", recovery, kText, "", "the memory file (-e)"},
     [](const MemoryNames& names) { return names.file; }},
});

/// What a start found in the memory file; without one, nothing is shown.
constexpr auto kRecoveryMetrics = std::to_array<MetricRow<RecoveryReport>>({
    {{"memory_file_kind", recovery, kText, "",
      "dax: flushed items survive a power cut; page-cache: they survive the process"},
     [](const RecoveryReport& report) { return report.flushed ? "dax" : "page-cache"; }},
    {{"last_stop", recovery, kText, "", "how the file was left: graceful, crash or none"},
     [](const RecoveryReport& report) { return name_of(report.last_stop); }},
    {{"recovery_source", recovery, kText, "",
      "what items were found by: state_file, scan, or cold (none were)"},
     [](const RecoveryReport& report) { return name_of(report.source); }},
    {{"recovery_reason", recovery, kText, "", "why items were not found by a quicker way"},
     [](const RecoveryReport& report) { return report.reason; }},
    {{"recovery_items", recovery, kGauge, "", "items found"}, &RecoveryReport::items},
    {{"recovery_expired", recovery, kGauge, "", "items found expired or flushed"},
     &RecoveryReport::expired},
    {{"recovery_dropped", recovery, kGauge, "", "items dropped: replaced, damaged and unfit"},
     [](const RecoveryReport& report) { return report.replaced + report.damaged + report.unfit; }},
    {{"recovery_replaced", recovery, kGauge, "", "older versions of an item that a crash left"},
     &RecoveryReport::replaced},
    {{"recovery_damaged", recovery, kGauge, "", "damaged items"}, &RecoveryReport::damaged},
    {{"recovery_unfit", recovery, kGauge, "", "items without room under new limits"},
     &RecoveryReport::unfit},
    {{"recovery_damaged_pages", recovery, kGauge, "", "damaged pages"},
     &RecoveryReport::damaged_pages},
    {{"recovery_seconds", recovery, kGauge, "seconds", "how long the recovery took"},
     [](const RecoveryReport& report) { return fmt::format("{:.6f}", report.seconds); }},
});

void add_class_metrics(const Store& store, MetricRegistry& metrics) {
  const auto classes_of = [&store](const auto& visit) {
    for (const ClassStats& stats : store.class_stats()) {
      visit(stats);
    }
  };
  metrics.add_sum<ClassStats>(kClassSums, classes_of);
  metrics.add_each<ClassStats>(kItemMetrics, [&store](const auto& visit) {
    for (const ClassStats& stats : store.class_stats()) {
      if (stats.items != 0) {
        visit(stats.class_id, stats);
      }
    }
  });
  metrics.add_each<UsedClass>(kSlabMetrics, [&store](const auto& visit) {
    const auto uses = store.class_use();
    for (const ClassStats& stats : store.class_stats()) {
      check(stats.class_id < uses.size(), "uses are counted of every class");
      visit(stats.class_id, UsedClass{.stats = stats, .use = uses[stats.class_id]});
    }
  });
  metrics.add_sum<ClassStats>(kSlabTotals, classes_of);
}

}  // namespace

void add_store_metrics(Store& store, const MemoryNames& memory_names, MetricRegistry& metrics) {
  const auto is_persistent = [&store] {
    return store.recovery().source != RecoveryReport::Source::none;
  };
  const auto names = [memory_names](const auto& visit) { visit(memory_names); };
  metrics.add_sum<MemoryNames>(kFileMetrics, names, is_persistent);
  metrics.add_sum<RecoveryReport>(
      kRecoveryMetrics, [&store](const auto& visit) { visit(store.recovery()); }, is_persistent);
  metrics.add_sum<MemoryNames>(kMemoryMetrics, names);
  metrics.add_sum<StoreStats>(kStoreMetrics, [&store](const auto& visit) { visit(store.stats()); });
  add_class_metrics(store, metrics);
  metrics.on_reset([&store] { store.reset_stats(); });
}

}  // namespace ember::server::command
