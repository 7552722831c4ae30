// SPDX-License-Identifier: BSD-3-Clause
// DumpCursor: how far a caller has listed the store's items, a few at a time. The list is no
// snapshot: others write meanwhile. An item that stays where it is, is listed; one that moves
// (overwritten, its page on the move, its bucket split) may be listed twice, and of some classes
// missed.
// Threads: one at a time; it may be left lying for any time between two calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/core/store_results.h"
#include "storage/item/item.h"

namespace ember::storage {

struct StoreCore;
class Verifier;

/// Readable until the thread's next quiesce().
struct DumpedItem {
  const Item* item = nullptr;
  uint8_t class_id = 0;
  bool fetched = false;
  uint32_t seconds_since_access = 0;
};

class DumpCursor {
 public:
  /// Every item, by way of the index.
  DumpCursor() = default;
  /// The items of some classes, page by page.
  explicit DumpCursor(const ClassSet& classes) : classes_(classes), by_class_(true) {}

  bool done() const { return done_; }

  /// Appends the next live items to `out`: a few hundred at most, often none (Store::dump).
  void read(const StoreCore& core, const Verifier& verifier, std::vector<DumpedItem>& out);

 private:
  struct Source;  // the core and the verifier

  void read_buckets(const Source& source, std::vector<DumpedItem>& out);
  void read_pages(const Source& source, std::vector<DumpedItem>& out);
  size_t queued_chunks(const StoreCore& core, uint32_t number, std::span<uint64_t> out);

  ClassSet classes_;
  bool by_class_ = false;
  bool done_ = false;
  size_t place_ = 0;  // the next bucket, or the page
  size_t chunk_ = 0;  // in that page
};

}  // namespace ember::storage
