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

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/core/store_options.h"
#include "storage/core/store_results.h"
#include "storage/core/store_stats.h"
#include "storage/core/store_thread.h"
#include "storage/core/store_tuning.h"
#include "storage/dump.h"
#include "storage/item/hash.h"
#include "storage/item/item.h"
#include "storage/item/item_writer.h"
#include "storage/region/memory_region.h"
#include "storage/stats/size_histogram.h"
#include "storage/write/draft.h"

namespace ember::storage {

class Store {
 public:
  /// Opens a store over a region, and takes over what an earlier process left in a persistent one.
  /// Needs `region` and `clock` for its whole life. Errors: sizes that do not fit, no memory, a
  /// region that cannot be taken over where StoreOptions::strict asks for it, or that the start was
  /// given up. Cost: a scan of a persistent region, unless a state file saves it
  /// (storage/README.md).
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, MemoryRegion& region,
                                             const Clock& clock);
  ~Store();

  /// Returns a thread's entry. Requires: all are gone before the store is.
  std::unique_ptr<StoreThread> register_thread();

  // ---- Reading. No lock, no wait.

  /// First and second step of a batched lookup: they warm the caches for find() and do nothing
  /// else.
  void prefetch_bucket(Hash hash) const;
  void prefetch_item(Hash hash) const;

  /// Returns the live item of `key` (not expired, not flushed), or why there is none. Requires:
  /// `hash` is the key's, here and below.
  Found find(StoreThread& thread, std::string_view key, Hash hash, Access access);

  /// The bytes of an item's value, in parts: one, or several for a large value.
  size_t part_count(const Item& item) const;
  std::string_view part(const Item& item, size_t index) const;

  /// Keeps a large item's bytes where they are, beyond quiesce(), until unpin. Returns false if the
  /// item is too small to be worth it or too much is pinned already: copy it then.
  bool pin(StoreThread& thread, const Item& item);
  /// Any thread.
  void unpin(const Item& item);

  uint8_t class_of(const Item& item) const;

  // ---- Writing. Each locks the key's bucket; those that need room for an item may wait for it,
  // some seconds at most. Durable on persistent memory when they return. Errors: Outcome.

  /// Returns room for a new item, or too_large, no_memory. The plan's key need not outlive the
  /// call.
  Draft draft(StoreThread& thread, const ItemPlan& plan);
  /// Makes a full draft the item of its key, or drops it, as the rule says. Requires: it was
  /// granted.
  Written publish(StoreThread& thread, Draft draft, const WriteRule& rule);

  using End = ValueEnd;
  /// Adds `bytes` to the value of an existing item; client flags and expiry stay. Copies the value.
  Written concatenate(StoreThread& thread, const ItemName& name, std::string_view bytes, End end,
                      const WriteRule& rule);

  /// Adds to or subtracts from a decimal value.
  Counted arithmetic(StoreThread& thread, std::string_view key, Hash hash,
                     const ArithmeticRule& rule);

  /// Sets the expiry in place (0: never). Returns the item as found before, or why there is none.
  Found touch(StoreThread& thread, std::string_view key, Hash hash, UnixSeconds exptime,
              Access access);

  /// Removes the item (if its CAS matches). class_id is the removed item's.
  Written remove(StoreThread& thread, std::string_view key, Hash hash,
                 std::optional<uint64_t> cas_compare);

  /// Keeps the item but marks it stale with a new CAS and, if given, a new expiry; or drops its
  /// value and client flags, as the rule says.
  using InvalidateRule = storage::InvalidateRule;
  Written invalidate(StoreThread& thread, std::string_view key, Hash hash,
                     const InvalidateRule& rule);

  /// Returns true to the one caller who may refresh a stale or soon expiring item; false once that
  /// was handed out.
  bool try_win(const Item& item);

  /// Ends everything stored so far, now or at second `when` (0: now). The last call wins. Walks no
  /// item.
  void flush_all(StoreThread& thread, UnixSeconds when);

  // ---- The store as a whole. Any thread, but for what is said.

  /// Appends the next items of a list to `out`: a few hundred at most, often none. Until
  /// cursor.done().
  void dump(StoreThread& thread, DumpCursor& cursor, std::vector<DumpedItem>& out);

  /// Has maintain() look at every item of these classes and free what is expired. Returns false
  /// while it is at the last such request.
  bool crawl(const ClassSet& classes);

  /// Sets another limit, in bytes, whole MiB. More is there at once; fewer when the janitor has
  /// emptied pages. Errors: no memory, or no room on the volume.
  Result<void> resize(size_t limit);

  /// Has maintain() move a page from one class to another. Class 0: pages that are free; -1: of the
  /// class with most pages. Returns ok, or why not.
  PageMove move_page(int from, int to);

  /// Counts items by size from now on, or no more.
  void track_sizes(bool on);
  const SizeHistogram& sizes() const;

  /// What can be changed while the store runs.
  StoreTuning& tuning();

  /// Ids of classes run from 1 to this.
  size_t class_count() const;

  /// Frees expired items, keeps free chunks ahead of writers, moves pages to where they are worth
  /// most: one round, some hundred microseconds. Returns true when there is more to do. Requires:
  /// one thread at a time calls it.
  bool maintain(StoreThread& thread);

  /// How this store came to its items.
  RecoveryReport recovery() const;

  /// A graceful end: all is made durable, and the next process is told that nothing is half done.
  /// `sync`: on the device too, for page-cache files. Requires: all threads are gone; no other call
  /// follows.
  Result<void> close(bool sync);

  /// Sums over all threads and classes. Cost: locks each class once.
  StoreStats stats() const;
  std::vector<ClassStats> class_stats() const;  // classes with pages, by class_id
  /// Sums over all threads, indexed by class_id.
  std::vector<UseCounters> class_use() const;
  /// What `stats reset` resets counts from 0 again.
  void reset_stats();

 private:
  struct Parts;  // the nouns of storage/README.md, in store.cc

  explicit Store(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ember::storage
