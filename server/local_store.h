// SPDX-License-Identifier: BSD-3-Clause
// LocalStore: the store of this process with the memory it lies in, opened as the server's options
// say. Not the store itself (storage/store.h), not who serves from it (local_service.h).
//
// Ownership: owns region and store; the clock outlives it.
// Threads: opened, closed and destroyed by one; the store is everybody's.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "server/options/options.h"
#include "storage/region/memory_region.h"
#include "storage/store.h"

namespace ember::server {

class LocalStore {
 public:
  /// Returns the store, with what its memory file holds; an error tells the operator cause and
  /// remedy. Logs what was recovered. When `give_up` (may be null) becomes true, it fails soon.
  static Result<LocalStore> open(const Options& options, const Clock& clock,
                                 const std::atomic<bool>* give_up);

  storage::Store& store() { return *store_; }
  /// The memory it has: -m, or what -m auto found.
  size_t memory_limit() const { return memory_limit_; }
  /// What the items' memory is mapped by, for people.
  std::string_view memory_pages() const { return storage::name_of(region_->page_kind()); }

  /// A clean stop: with a memory file, what is needed for a quick start is written; `sync` waits
  /// until the medium has it. A failure is logged. Requires: no thread is registered any more.
  void close(bool sync);

 private:
  LocalStore() = default;

  Result<void> open_region(const Options& options);
  Result<void> open_store(const Options& options, const Clock& clock,
                          const std::atomic<bool>* give_up);
  void report_recovery(std::string_view memory_file) const;

  size_t memory_limit_ = 0;
  std::unique_ptr<storage::MemoryRegion> region_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace ember::server
