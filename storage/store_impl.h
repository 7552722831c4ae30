// SPDX-License-Identifier: BSD-3-Clause
// StoreImpl: the parts a store is made of, and what they do together. store.h is what others see.
//
// Where to read: each block of declarations below names its .cc file.
//
// Lock order: class mutex, then index bucket, then the flush horizon, then the superblock; or after
// the bucket anything inside the index. A thread holds one class mutex at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "storage/epoch.h"
#include "storage/index/index.h"
#include "storage/item/item_check.h"
#include "storage/link/flush_horizon.h"
#include "storage/media/superblock.h"
#include "storage/media/takeover.h"
#include "storage/pressure.h"
#include "storage/region/durable.h"
#include "storage/slab/page_table.h"
#include "storage/slab/size_classes.h"
#include "storage/slab/slab_class.h"
#include "storage/store.h"
#include "storage/store_thread.h"
#include "storage/thread_state.h"

namespace ember::storage {

class Recovery;
class StateReader;

class StoreImpl {
 public:
  StoreImpl(const StoreOptions& options, MemoryRegion& region, const Clock& clock,
            Takeover takeover);
  ~StoreImpl();
  Result<void> open();
  Result<void> open_persistent();

  // lasting.cc
  Result<void> close(bool sync);
  RecoveryReport recovery() const;

  // find.cc
  Found find(std::string_view key, Hash hash, Access access);
  void prefetch_bucket(Hash hash) const { index_->prefetch(hash); }
  void prefetch_item(Hash hash) const;
  size_t part_count(const Item& item) const;
  std::string_view part(const Item& item, size_t index) const;
  bool pin(const Item& item);
  void unpin(const Item& item);
  void unpin_head(uint64_t chunk, size_t item_size);
  std::atomic<uint32_t>& pins_of(uint64_t chunk);
  uint8_t class_of(const Item& item) const { return pages_.class_of(pages_.offset_of(&item)); }

  // allocation.cc
  /// Chunks evicted together: their cache misses overlap, one lock serves all.
  static constexpr size_t kEvictionBatch = 16;
  Draft draft(ThreadState& thread, const ItemPlan& plan);
  void drop(Item* item, const ItemPlan& plan);
  std::span<char> draft_range(Item* item, const ItemPlan& plan, size_t from);

  // publish.cc
  struct PublishRule : WriteRule {
    PublishRule() = default;
    explicit PublishRule(const WriteRule& rule) : WriteRule(rule) {}
    /// Only if this is still the key's item (null: no such condition).
    const Item* only_if = nullptr;
    /// With only_if: the new item takes the expiry that one has by now (it may have been touched).
    bool keep_exptime = false;
    bool stale = false;
  };
  /// `changed` (for only_if): the key's item is another one now; nothing was written.
  struct Published : Written {
    bool changed = false;
  };
  Published publish(ThreadState& thread, Draft draft, const PublishRule& rule);
  Written remove(ThreadState& thread, std::string_view key, Hash hash,
                 std::optional<uint64_t> cas_compare);

  // modify.cc: read, make a new item, publish it if the key's item is still the one read.
  Written concatenate(ThreadState& thread, const ItemName& name, std::string_view bytes,
                      Store::End end, const WriteRule& rule);
  Counted arithmetic(ThreadState& thread, std::string_view key, Hash hash,
                     const ArithmeticRule& rule);
  Found touch(std::string_view key, Hash hash, UnixSeconds exptime, Access access);
  Written invalidate(ThreadState& thread, std::string_view key, Hash hash,
                     const Store::InvalidateRule& rule);
  bool try_win(const Item& item);
  void flush_all(UnixSeconds when);

  // dump.cc
  void dump(DumpCursor& cursor, std::vector<DumpedItem>& out);

  // resize.cc
  Result<void> resize(size_t limit) EMBER_EXCLUDES(resize_mutex_);
  PageMove move_page(int from, int to) EMBER_EXCLUDES(move_mutex_);
  void track_sizes(bool on) EMBER_EXCLUDES(resize_mutex_);
  const SizeHistogram& sizes() const { return sizes_; }

  // janitor.cc
  bool maintain(ThreadState& thread);
  bool crawl(const ClassSet& classes) EMBER_EXCLUDES(crawl_mutex_);
  StoreTuning& tuning() { return tuning_; }
  size_t class_count() const { return classes_.count(); }

  // figures.cc
  StoreStats stats() const;
  std::vector<ClassStats> class_stats() const;
  std::vector<ClassUse> class_use() const;
  void reset_stats();

  std::unique_ptr<StoreThread> register_thread();

 private:
  friend class ThreadState;
  friend class Recovery;
  friend class Migration;
  friend class Snapshot;

  // lasting.cc
  Result<void> begin_persistent();
  Result<void> open_index(size_t most_items);
  Result<void> recover(Recovery& recovery);
  bool giving_up() const {
    return options_.give_up != nullptr && options_.give_up->load(std::memory_order_relaxed);
  }
  std::unexpected<Error> give_up(SuperblockRecord as_found);
  Result<void> take_snapshot(Recovery& recovery, std::unique_ptr<StateReader>& used);
  void write_state_file(const std::string& path, bool sync) EMBER_REQUIRES(superblock_mutex_);
  Result<void> settle_persistent();
  /// A chunk as an earlier process left it.
  ChunkFrame frame_found(uint64_t offset, size_t chunk_size) const;
  /// Expired or flushed by the time the region was taken over.
  bool died_while_down(const Item& item) const;
  void reserve_cas(uint64_t sequence) EMBER_EXCLUDES(superblock_mutex_);
  void keep_flush(uint64_t horizon, UnixSeconds due) EMBER_EXCLUDES(superblock_mutex_);

  // doubt.cc
  /// False for an item that is damaged, of a page that was taken over unread.
  bool trusted(uint64_t offset) const {
    return unverified_pages_.load(std::memory_order_relaxed) == 0 || sound(offset);
  }
  bool sound(uint64_t offset) const;
  bool verify_some();
  /// True if no item of the page is damaged.
  bool verify_page(uint32_t page);
  void drop_damaged();
  void free_damaged(uint64_t chunk);
  void free_parts_of(uint64_t head);

  // figures.cc
  std::vector<ThreadState::ClassChange> class_changes() const;
  std::vector<ClassUse> class_use_since_start() const EMBER_REQUIRES(threads_mutex_);
  ClassStats figures_of(SlabClass& size_class) const EMBER_REQUIRES(size_class.mutex);

  // resize.cc
  Result<void> grow(size_t pages) EMBER_REQUIRES(resize_mutex_);
  bool shrink_some(ThreadState& thread);
  bool drain_empty_page(ThreadState& thread);
  void obey_move(ThreadState& thread) EMBER_EXCLUDES(move_mutex_);
  size_t page_count(SlabClass& size_class) const EMBER_EXCLUDES(size_class.mutex);
  uint8_t richest_class(uint8_t but) const;

  // dump.cc
  void add_dumped(IndexEntry entry, std::vector<DumpedItem>& out) const;
  void dump_buckets(DumpCursor& cursor, std::vector<DumpedItem>& out);
  void dump_pages(DumpCursor& cursor, std::vector<DumpedItem>& out);
  size_t queued_chunks(SlabClass& size_class, uint32_t number, size_t& from,
                       std::span<uint64_t> out) EMBER_EXCLUDES(size_class.mutex);

  // find.cc
  Miss why_dead(const Item& item) const;  // absent: it is alive
  bool dead(const Item& item) const { return why_dead(item) != Miss::absent; }
  UnixSeconds now() const { return clock_.now(); }

  // allocation.cc
  struct Fit {
    uint8_t class_id = 0;
    size_t parts = 0;  // of a chain; 0: not chained
  };
  Fit fit(ItemPlan& plan, bool any_class) const;
  uint8_t class_for(size_t size, bool any_class) const;
  Outcome refusal(const ItemPlan& plan) const;
  /// The chunks of an item in the making: its head, which lists the parts taken so far.
  struct Gathered {
    Item* head = nullptr;
    size_t parts = 0;
  };
  /// Takes what is still lacking. False when a class is out of chunks: `short_of` says which.
  bool gather(ThreadState& thread, ItemPlan& plan, const Fit& where, Gathered& got,
              uint8_t& short_of);
  void give_back(const ItemPlan& plan, const Gathered& got);
  /// A draft without waiting, which keeps what the thread found; else what there is to wait for.
  struct Attempt {
    Draft draft;
    uint8_t short_of = 0;  // 0: granted or refused for good
  };
  Attempt attempt(ThreadState& thread, ItemPlan plan, bool any_class);
  Draft patient_draft(ThreadState& thread, const ItemPlan& wanted);
  /// A chunk, or 0. `queued`: the plan of the item that will stand in the class's queue by it.
  uint64_t try_take(ThreadState& thread, uint8_t class_id, ItemPlan* queued);
  Outcome out_of_memory(uint8_t class_id);
  enum class Room : uint8_t { here, coming, none };
  Room make_room(ThreadState& thread, uint8_t class_id);
  Room find_room(ThreadState& thread, SlabClass& size_class, unsigned look);
  size_t part_size(const ItemPlan& plan, size_t part) const;
  size_t part_count(size_t value_size) const;
  void give(uint64_t offset);
  void give_all(std::span<const uint64_t> offsets);
  void free_page(SlabClass& size_class, uint32_t page) EMBER_REQUIRES(size_class.mutex);
  /// Gives the class a free page, if there is one for it (or `any`).
  bool claim_page(SlabClass& size_class, bool any = false) EMBER_REQUIRES(size_class.mutex);

  // modify.cc
  template <typename Plan, typename Fill>
  Published rewrite(ThreadState& thread, std::string_view key, Hash hash, Plan&& plan_for,
                    Fill&& fill);

  // Epochs (store_thread.cc): chunks on their way from unlinked to free.
  void close_epoch(ThreadState& thread);
  void collect(ThreadState& thread);
  void adopt_orphans(ThreadState& thread);
  void leave_orphans(ThreadState& thread);
  bool pinned(uint64_t offset) const;

  // publish.cc
  struct Judgement {
    uint64_t turn = 0;      // of the flush horizon, when it was judged
    uint64_t sequence = 0;  // in the order of writes
    bool older = false;     // accepted although its CAS is older
    bool won = false;       // what it replaces was won
  };
  Judgement judge_write(const Draft& draft, const Item* there, const PublishRule& rule,
                        Published& result);
  bool is_item(uint64_t offset, std::string_view key) const {
    return pages_.item(offset)->has_key(key) && trusted(offset);
  }
  uint64_t queue_chunk(const Item& item) const;
  uint8_t entry_state(const Item& item, const ItemPlan& plan, const Index::Hit& old);
  void enter_queue(const Item& item, uint8_t state);
  void link(ThreadState& thread, Index::WriteLock& lock, const Draft& draft, const Index::Hit& old,
            const ItemWriter::Commit& commit);
  void seal_durably(Item* item, const ItemPlan& plan, const ItemWriter::Commit& commit) const;
  void end_durably(Item* item) const;
  /// Ends an item whose entry was just taken out of, or replaced in, the locked bucket.
  void end_item(ThreadState& thread, uint64_t offset);
  void count_in(ThreadState& thread, const Item& item);
  void count_out(ThreadState& thread, const Item& item);
  /// Copies `size` bytes of an item's value into a draft.
  void copy_value(const Item& item, Draft& draft) const;

  // evictor.cc
  size_t evict(ThreadState& thread, SlabClass& size_class, size_t wanted)
      EMBER_REQUIRES(size_class.mutex);
  size_t judge(ThreadState& thread, SlabClass& size_class, std::span<const uint64_t> candidates,
               bool from_small) EMBER_REQUIRES(size_class.mutex);
  struct Candidate {
    uint64_t chunk = 0;  // the queued one: a chained item's first part
    Hash hash = 0;
    bool from_small = false;
  };
  bool judge_one(ThreadState& thread, SlabClass& size_class, const Candidate& candidate)
      EMBER_REQUIRES(size_class.mutex);
  bool judge_small(ThreadState& thread, SlabClass& size_class, const Candidate& candidate,
                   const Index::Hit& hit) EMBER_REQUIRES(size_class.mutex);
  bool judge_main(ThreadState& thread, SlabClass& size_class, const Candidate& candidate,
                  const Index::Hit& hit) EMBER_REQUIRES(size_class.mutex);
  bool unlink(ThreadState& thread, uint64_t offset, Hash hash);
  uint64_t item_at_chunk(uint64_t chunk) const;
  void note_eviction(ThreadState& thread, SlabClass& size_class, const Item& item, IndexEntry entry)
      EMBER_REQUIRES(size_class.mutex);
  size_t sweep_page(ThreadState& thread, SlabClass& size_class, uint32_t page)
      EMBER_REQUIRES(size_class.mutex);
  size_t reclaim_expired(ThreadState& thread, SlabClass& size_class, size_t wanted)
      EMBER_REQUIRES(size_class.mutex);

  // page_mover.cc
  bool steal_page(ThreadState& thread, uint8_t for_class);
  uint8_t cheapest_donor(uint8_t for_class);
  double worth_of_page(SlabClass& size_class) const EMBER_REQUIRES(size_class.mutex);
  bool drain_page(ThreadState& thread, SlabClass& size_class, uint32_t page, uint8_t for_class)
      EMBER_REQUIRES(size_class.mutex);
  std::optional<uint32_t> cheapest_page(SlabClass& size_class) EMBER_REQUIRES(size_class.mutex);
  bool relocate(ThreadState& thread, SlabClass& size_class, uint64_t chunk)
      EMBER_REQUIRES(size_class.mutex);
  void balance(ThreadState& thread);
  bool due_for_balance();
  struct Standing {
    uint8_t id = 0;
    double loss = 0;
    double pages = 0;
    bool spare = false;  // could give a page without losing an item
    bool roomy = false;  // has half a page to fill still
  };
  std::vector<Standing> standings();
  void prepare_move(ThreadState& thread, SlabClass& size_class, uint8_t for_class)
      EMBER_EXCLUDES(size_class.mutex);
  void finish_move(ThreadState& thread);
  void continue_drains(ThreadState& thread);

  // janitor.cc
  bool sweep_classes(ThreadState& thread);
  bool crawl_some(ThreadState& thread) EMBER_EXCLUDES(crawl_mutex_);
  bool resting();
  uint64_t note_checked(uint64_t before, const SlabClass& size_class)
      EMBER_REQUIRES(size_class.mutex);
  void settle_access_clocks();

  const StoreOptions options_;
  MemoryRegion& region_;
  const Clock& clock_;
  const Durable durable_;
  const Takeover takeover_;
  const uint64_t salt_;  // of checksums: the memory file's id
  SizeClasses classes_;
  // Of a chunk to an item's size, before a class of its own is worth a page.
  const double tolerated_;
  PageTable pages_;
  std::vector<std::unique_ptr<SlabClass>> slabs_;  // by class id; 0 has no pages ever
  std::unique_ptr<Index> index_;
  Epochs epochs_;

  alignas(kCacheLineSize) std::atomic<uint64_t> last_cas_{0};
  mutable FlushHorizon flushed_{clock_, last_cas_};
  std::atomic<size_t> pinned_bytes_{0};

  // A persistent region's. From cas_limit_ on, numbers have to be set aside first.
  std::atomic<uint64_t> cas_limit_{~uint64_t{0}};
  Mutex superblock_mutex_;
  Superblock superblock_ EMBER_GUARDED_BY(superblock_mutex_){region_};
  UnixSeconds noted_ = 0;  // the janitor's
  RecoveryReport report_;
  // Of a writer, for memory that others are about to free. Recovery is alone: it has little.
  std::chrono::milliseconds patience_{2000};
  std::atomic<size_t> unverified_pages_{0};
  uint32_t next_unverified_ = 0;            // the janitor's
  std::vector<uint64_t> damaged_;           // chunks, until they are out of the index; its too
  std::atomic<uint64_t> damaged_items_{0};  // found so

  std::atomic<uint64_t> items_at_reset_{0};  // last_cas_ at the last reset_stats()

  mutable Mutex threads_mutex_;
  std::vector<ThreadState*> threads_ EMBER_GUARDED_BY(threads_mutex_);
  // Counts of threads that are gone.
  std::vector<ClassUse> past_uses_ EMBER_GUARDED_BY(threads_mutex_);
  std::vector<ThreadState::ClassChange> past_changes_ EMBER_GUARDED_BY(threads_mutex_);
  std::vector<ClassUse> use_at_reset_ EMBER_GUARDED_BY(threads_mutex_);

  Mutex orphans_mutex_;
  std::deque<RetiredBatch> orphans_ EMBER_GUARDED_BY(orphans_mutex_);

  // The janitor's own (one thread calls maintain()).
  std::vector<Pressure> pressures_;
  uint64_t evicted_bytes_seen_ = 0;
  unsigned looks_since_move_ = 0;
  struct Move {
    uint32_t page = 0;
    uint8_t from = 0;  // 0: none
    uint8_t to = 0;
  };
  Move next_move_;
  size_t sweep_class_ = 1;
  std::vector<size_t> sweep_ordinals_;  // by class: the page to go on with
  uint64_t sweep_checked_ = 0;          // items of the class whose turn it is
  uint64_t rest_due_us_ = 0;
  std::chrono::steady_clock::time_point rest_until_;
  uint8_t crawl_class_ = 0;
  size_t crawl_ordinal_ = 0;
  uint64_t crawl_checked_ = 0;
  size_t clock_bucket_ = 0;
  UnixSeconds clock_pass_ = 0;
  std::atomic<uint64_t> pages_moved_{0};
  std::atomic<uint64_t> rescues_{0};
  std::atomic<uint64_t> janitor_rounds_{0};
  std::atomic<int> drains_{0};
  StoreTuning tuning_;
  Mutex resize_mutex_;
  std::atomic<size_t> memory_limit_;
  SizeHistogram sizes_;
  Mutex move_mutex_;
  Move asked_ EMBER_GUARDED_BY(move_mutex_);  // on command
  bool asked_on_its_way_ EMBER_GUARDED_BY(move_mutex_) = false;
  std::atomic<bool> move_asked_{false};
  Mutex crawl_mutex_;
  ClassSet crawl_classes_ EMBER_GUARDED_BY(crawl_mutex_);  // still to be gone through
  std::atomic<bool> crawling_{false};
  std::atomic<uint64_t> crawls_{0};
  std::jthread cleaner_;  // ends by itself, soon after the start
};

}  // namespace ember::storage
