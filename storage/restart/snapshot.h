// SPDX-License-Identifier: BSD-3-Clause
// Snapshot: what a graceful stop leaves in the state file: the index as it is in memory, the states
// of all chunks, where the queues stand, the counters. Nothing in it is fixed up at start, as
// everything counts in offsets: it is compared to its checksums, copied and used.
//
// The state file is sealed by the superblock, so what is read here is what was written. What may
// have changed meanwhile is the memory file: page headers are looked at before the snapshot is
// taken, items afterwards, page by page (Verifier).
//
// Sections: 0 describes; then parts of the index's buckets, of its overflow buckets, and of the
// pages' chunk states. Their bounds follow from the description.
// Threads: used by one, while the store has no others; it starts its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/core/core.h"
#include "storage/media/state_reader.h"
#include "storage/media/state_writer.h"
#include "storage/slab/slab_class.h"
#include "storage/stats/store_counters.h"

namespace ember::storage {

class Snapshot {
 public:
  Snapshot(StoreCore& core, StoreCounters& counters)
      : core_(core), counters_(counters), pages_(core.pages) {}

  /// Writes the state file. Its seal is for the superblock.
  Result<StateSeal> write(const StateOptions& options);

  /// Fills the empty index and the pages that survey() adopted, `pages`. If it fails, neither is
  /// of use before it is made anew.
  Result<void> read(const StateReader& reader, std::span<const uint32_t> pages);

 private:
  // On media, in this order, in section 0: Head, Page for each page in its class's order, Class for
  // each class from 0 on, then the numbers of the free overflow buckets.
  struct Head {
    uint64_t page_count, class_count, free_count, overflow_used;
    uint64_t index_size, index_count;
  };
  struct Page {
    uint32_t number, class_id, chunks;
    UnixSeconds earliest_expiry;
  };
  struct Class {
    uint64_t items, bytes;
    SlabClass::Queues queues;
  };
  /// One section after the first.
  struct Part {
    enum Kind : uint8_t { buckets, overflow, states } kind = buckets;
    size_t from = 0;  // a byte of the index, or a place in page_list_
    size_t to = 0;
  };

  void gather();
  std::vector<std::byte> description() const;
  Result<void> parse(std::span<const std::byte> bytes);
  Result<void> compare_pages(std::span<const uint32_t> pages) const;
  void lay_out();
  size_t size_of(const Part& part) const;
  size_t size_of(const Page& page) const;
  std::span<std::byte> index_bytes(const Part& part) const;
  Result<void> save(const Part& part, StateWriter& writer, size_t section) const;
  void save_states(const Part& part, std::byte* place) const;
  bool restore(const Part& part, const StateReader& reader, size_t section) const;
  void restore_states(const Part& part, const std::byte* place) const;
  void restore_counters();
  template <typename Work>
  void in_parallel(Work&& work) const;

  StoreCore& core_;
  StoreCounters& counters_;
  PageTable& pages_;
  Index::Image image_;
  std::vector<Page> page_list_;
  std::vector<Class> classes_;
  std::vector<Part> parts_;
};

}  // namespace ember::storage
