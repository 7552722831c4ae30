// SPDX-License-Identifier: BSD-3-Clause
// Store: a bounded map from keys to items, shared by all workers. What commands are made of.
// Not a protocol: it knows no verbs, no reply text, no base64.
//
// Threads: a thread registers once (StoreThread) and passes that to every call. Items found stay
// readable until that thread's next quiesce(), offline() or writing call (draft, publish, ...):
// those may have to wait for memory. Reads take no lock. A thread that sleeps without going
// offline stops memory from being reused.
// Errors: outcomes are small enums; nothing here throws or blocks on input or output.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counter.h"
#include "base/result.h"
#include "storage/dump.h"
#include "storage/item/hash.h"
#include "storage/item/item.h"
#include "storage/item/item_writer.h"
#include "storage/region/memory_region.h"
#include "storage/stats/size_histogram.h"
#include "storage/store_tuning.h"

namespace ember::storage {

class StoreThread;
class StoreImpl;

struct StoreOptions {
  /// Bytes of item memory (-m), whole MiB. The region is exactly this large.
  size_t memory_limit = 64 * kMiB;
  /// The largest item: key + value + header (-I). 1 KiB to 1 GiB.
  size_t item_size_max = kMiB;
  /// Growth of chunk sizes from class to class (-f).
  double growth_factor = 1.08;
  /// Smallest space for key + value (-n).
  size_t min_item_space = 24;
  /// Answer no_memory instead of evicting (-M).
  bool evict = true;
  /// 2^this buckets to begin with; 0: grow from small.
  unsigned hash_power = 0;
  /// Count items by size from the start.
  bool track_sizes = false;

  // Of a persistent region only.
  /// Refuse a region that cannot be taken over, instead of starting empty.
  bool strict = false;
  /// Threads that look through it at start.
  unsigned recovery_threads = 1;
  /// When this becomes true, looking through it is given up: open() fails, and what is in the
  /// region is left to the next one as it was found. Outlives open().
  const std::atomic<bool>* give_up = nullptr;
  /// So many CAS numbers are set aside at a time: what a crash may skip.
  uint64_t cas_reserve = uint64_t{1} << 24;
};

/// What opening a persistent region brought back.
struct RecoveryReport {
  enum class Source : uint8_t {
    none,        // DRAM: there is nothing to recover
    cold,        // nothing was taken over: `reason` says why
    scan,        // from the items themselves
    state_file,  // from what a graceful stop left
  } source = Source::none;
  enum class LastStop : uint8_t { none, graceful, crash } last_stop = LastStop::none;
  bool flushed = false;  // the region is persistent memory: what is flushed survives a power cut
  std::string reason;
  uint64_t items = 0;
  uint64_t expired = 0;   // while down, or not swept before; or flushed
  uint64_t replaced = 0;  // older versions of an item, which a crash had left
  uint64_t damaged = 0;   // were items once
  uint64_t unfit = 0;     // no room under the new limits
  uint64_t damaged_pages = 0;
  double seconds = 0;
};

/// A key and its hash.
struct ItemName {
  std::string_view key;
  Hash hash = 0;
};

enum class Access : uint8_t {
  mark,  // counts as a use: eviction remembers it
  peek,  // leaves no trace
};

/// Why nothing was found.
enum class Miss : uint8_t { absent, expired, flushed };

/// An item found, as it was before this access was marked.
struct Found {
  const Item* item = nullptr;
  Miss miss = Miss::absent;           // when there is no item
  bool fetched = false;               // it had been read since it was stored
  uint32_t seconds_since_access = 0;  // since it was last read, or stored
  explicit operator bool() const { return item != nullptr; }
};

enum class Outcome : uint8_t {
  stored,      // written, touched, removed: done
  not_stored,  // add of an existing key; replace, append, prepend of a missing one
  exists,      // the CAS given is not the item's
  not_found,
  non_numeric,  // incr, decr of a value that is no decimal 64-bit number
  too_large,    // over item_size_max; nothing changed
  no_memory,    // -M and full, or everything is pinned; nothing changed
};

/// What must hold for a write, and what it leaves.
struct WriteRule {
  enum class Mode : uint8_t { set, add, replace } mode = Mode::set;
  /// Only if the item's CAS is this.
  std::optional<uint64_t> cas_compare;
  /// With cas_compare: a lower CAS than the item's is accepted (ms with I). The new item is marked
  /// stale, and keeps the expiry and the win mark of the one it replaces.
  bool accept_older = false;
  /// The new item's CAS; otherwise the next of the store. The draft was planned as `sequenced`.
  std::optional<uint64_t> cas_new;
  /// The new item is handed out as won already (vivified by mg with N).
  bool won = false;
};

struct Written {
  Outcome outcome = Outcome::stored;
  uint64_t cas = 0;      // of the new item, when stored
  uint8_t class_id = 0;  // of the new item when stored; else of the item in the way, if any
};

struct ArithmeticRule {
  bool decrement = false;
  uint64_t delta = 1;
  std::optional<uint64_t> cas_compare;
  std::optional<uint64_t> cas_new;
  std::optional<UnixSeconds> exptime;  // also set this expiry (0: never)
};

struct Counted {
  Outcome outcome = Outcome::stored;
  uint64_t value = 0;
  Written written;
  const Item* item = nullptr;  // the new item, when stored
};

/// An item being filled: its chunks are reserved, nobody else sees them. Move only.
/// Dropped without being published, it gives them back. Of the thread that made it.
class Draft {
 public:
  Draft() = default;
  Draft(StoreImpl* store, Outcome refused) : store_(store), outcome_(refused) {}
  Draft(StoreImpl* store, Item* item, const ItemPlan& plan)
      : store_(store), item_(item), plan_(plan), outcome_(Outcome::stored) {}
  Draft(Draft&& other) noexcept { *this = std::move(other); }
  Draft& operator=(Draft&& other) noexcept;
  ~Draft() { drop(); }

  /// stored: usable. too_large, no_memory: there is nothing to fill.
  Outcome outcome() const { return outcome_; }

  /// The next range of the value to fill; empty once all of it is filled.
  std::span<char> next();
  void advance(size_t size) { filled_ += size; }
  /// Copies `bytes`, which must fit, into the next ranges.
  void fill(std::string_view bytes);

  Item* item() const { return item_; }
  const ItemPlan& plan() const { return plan_; }

  /// Gives up ownership: the chunks are somebody else's from now on.
  void release() { item_ = nullptr; }

 private:
  void drop();

  StoreImpl* store_ = nullptr;
  Item* item_ = nullptr;
  ItemPlan plan_;  // its key lies in the item
  Outcome outcome_ = Outcome::no_memory;
  size_t filled_ = 0;
};

/// What became of a request to move a page.
enum class PageMove : uint8_t { ok, busy, same, bad_class, no_spare };

/// Figures of one slab class. Counts are since start or the last reset.
struct ClassStats {
  uint8_t class_id = 0;
  uint32_t chunk_size = 0;
  uint32_t chunks_per_page = 0;
  uint64_t pages = 0;
  uint64_t used_chunks = 0;
  uint64_t free_chunks = 0;  // total - used
  uint64_t items = 0;        // used chunks that are items (not parts of a chain)
  uint64_t items_small = 0;  // of these, in the probationary queue
  uint64_t items_main = 0;
  uint64_t mem_requested = 0;  // bytes of items, without what the chunks waste
  uint32_t age = 0;            // seconds since access of the next victim of the main queue
  uint32_t age_small = 0;
  uint64_t evicted = 0;
  uint64_t evicted_nonzero = 0;  // had an expiry
  uint32_t evicted_time = 0;     // seconds since access of the last victim
  uint64_t evicted_unfetched = 0;
  uint64_t evicted_active = 0;  // victims that had been read
  uint64_t expired_unfetched = 0;
  uint64_t reclaimed = 0;          // expired items whose chunk a writer took
  uint64_t crawler_reclaimed = 0;  // expired items freed in the background
  uint64_t crawler_items_checked = 0;
  uint64_t out_of_memory = 0;
  uint64_t moves_to_main = 0;
  uint64_t moves_within_main = 0;
  uint64_t direct_reclaims = 0;  // writers that had to evict by themselves
};

struct StoreStats {
  uint64_t items = 0;
  uint64_t total_items = 0;  // stored since start, or the last reset
  uint64_t bytes = 0;        // of items, headers included
  uint64_t memory_limit = 0;
  uint64_t pages_assigned = 0;
  uint64_t pages_free = 0;  // never given to a class, or given back
  uint64_t pages_moved = 0;
  uint64_t pages_excess = 0;     // used, and above the limit: on their way back to the system
  uint64_t memory_capacity = 0;  // what the limit can be raised to
  uint64_t index_bytes = 0;
  uint32_t hash_power = 0;  // log2 of the buckets, rounded down
  bool index_growing = false;
  uint64_t rescues = 0;  // items kept by copying when their page moved
  bool move_running = false;
  bool crawl_running = false;
  uint64_t crawls = 0;  // begun on request
  uint64_t janitor_rounds = 0;
  uint64_t metadata_bytes = 0;  // DRAM beside the arena and the index
};

/// Per-class counters of what clients did; one table a thread, summed when asked.
struct ClassUse {
  Counter get_hits;
  Counter sets;
  Counter delete_hits;
  Counter incr_hits;
  Counter decr_hits;
  Counter cas_hits;
  Counter cas_badval;
  Counter touch_hits;

  ClassUse& operator+=(const ClassUse& other);
  ClassUse& operator-=(const ClassUse& other);
};

class Store {
 public:
  /// Needs `clock` and `region` for its whole life.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, MemoryRegion& region,
                                             const Clock& clock);
  ~Store();

  /// A thread's entry. All are gone before the store is.
  std::unique_ptr<StoreThread> register_thread();

  /// First and second step of a batched lookup: they only warm the caches for find().
  void prefetch_bucket(Hash hash) const;
  void prefetch_item(Hash hash) const;

  /// The live item of `key`: not expired, not flushed. Lock-free.
  Found find(StoreThread& thread, std::string_view key, Hash hash, Access access);

  /// Room for a new item. The plan's key need not outlive the call.
  Draft draft(StoreThread& thread, const ItemPlan& plan);
  /// Makes a full draft the item of its key, or drops it.
  Written publish(StoreThread& thread, Draft draft, const WriteRule& rule);

  enum class End : uint8_t { back, front };
  /// Adds `bytes` to the value of an existing item; client flags and expiry stay.
  Written concatenate(StoreThread& thread, const ItemName& name, std::string_view bytes, End end,
                      const WriteRule& rule);

  Counted arithmetic(StoreThread& thread, std::string_view key, Hash hash,
                     const ArithmeticRule& rule);

  /// Sets the expiry in place. The item as found before, or nothing.
  Found touch(StoreThread& thread, std::string_view key, Hash hash, UnixSeconds exptime,
              Access access);

  /// Removes the item (if its CAS matches). class_id is the removed item's.
  Written remove(StoreThread& thread, std::string_view key, Hash hash,
                 std::optional<uint64_t> cas_compare);

  /// md with I: keeps the item but marks it stale with a new CAS and, if given, a new expiry;
  /// with x: without its value and client flags.
  struct InvalidateRule {
    std::optional<uint64_t> cas_compare;
    std::optional<uint64_t> cas_new;
    std::optional<UnixSeconds> exptime;
    bool mark_stale = true;
    bool drop_value = false;
  };
  Written invalidate(StoreThread& thread, std::string_view key, Hash hash,
                     const InvalidateRule& rule);

  /// True for the one caller who may refresh a stale or soon expiring item; false once handed out.
  bool try_win(const Item& item);

  /// Everything stored so far is gone, now or from second `when` on (0: now). The last call wins.
  void flush_all(StoreThread& thread, UnixSeconds when);

  /// Keeps a large item's bytes where they are, beyond quiesce(), until unpin. False if the item
  /// is too small to be worth it or too much is pinned already: copy it then.
  bool pin(StoreThread& thread, const Item& item);
  void unpin(const Item& item);

  /// The bytes of an item's value, in pieces: one, or several when it is a chain.
  size_t part_count(const Item& item) const;
  std::string_view part(const Item& item, size_t index) const;

  uint8_t class_of(const Item& item) const;

  /// Appends the next items of a list to `out`: a few hundred at most, often none. Until
  /// cursor.done().
  void dump(StoreThread& thread, DumpCursor& cursor, std::vector<DumpedItem>& out);

  /// Has maintain() look at every item of these classes and free what is expired. False while it is
  /// at the last such request.
  bool crawl(const ClassSet& classes);

  /// Another limit, whole MiB, or why not. More is there at once; fewer when the janitor has
  /// emptied pages. Any thread.
  Result<void> resize(size_t limit);

  /// Has maintain() move a page from one class to another. Class 0: pages that are nobody's; -1: of
  /// the class with most pages. Any thread.
  PageMove move_page(int from, int to);

  /// Counts items by size from now on, or no more. Any thread.
  void track_sizes(bool on);
  const SizeHistogram& sizes() const;

  /// What can be changed while the store runs.
  StoreTuning& tuning();

  /// Ids of classes run from 1 to this.
  size_t class_count() const;

  /// Frees expired items, keeps free chunks ahead of writers, moves pages to where they are worth
  /// most. Called often by one thread of the server's; returns true when there is more to do.
  bool maintain(StoreThread& thread);

  /// How this store came to its items.
  RecoveryReport recovery() const;

  /// A graceful end: all is made durable, and the next process is told that nothing is half done.
  /// `sync`: on the device too, for page-cache files. All threads are gone; no other call follows.
  Result<void> close(bool sync);

  StoreStats stats() const;
  std::vector<ClassStats> class_stats() const;  // classes with pages, by class_id
  /// Sums over all threads, indexed by class_id.
  std::vector<ClassUse> class_use() const;
  /// Counts start from 0 again: `stats reset`.
  void reset_stats();

 private:
  explicit Store(std::unique_ptr<StoreImpl> impl);
  std::unique_ptr<StoreImpl> impl_;
};

}  // namespace ember::storage
