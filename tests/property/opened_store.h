// SPDX-License-Identifier: BSD-3-Clause
// OpenedStore: a store with its region (DRAM, or a memory file), its clock and one thread's entry,
// and the few calls a test would otherwise write again and again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "storage/core/store_thread.h"
#include "storage/region/memory_region.h"
#include "storage/store.h"

namespace ember::property {

/// What a draft is made of.
struct NewItem {
  std::string key;
  std::string value;
  uint32_t client_flags = 0;
  UnixSeconds exptime = 0;
};

class OpenedStore {
 public:
  explicit OpenedStore(const storage::StoreOptions& options);
  /// Over a memory file of its own, which goes with it.
  struct InFile {};
  OpenedStore(const storage::StoreOptions& options, InFile in_file);
  ~OpenedStore();

  /// The process ends and begins again with what the file has: after a graceful stop, or without
  /// one. What was found before is gone.
  void restart(bool graceful);

  Clock& clock() { return clock_; }
  storage::Store& store() { return *store_; }
  storage::StoreThread& thread() { return *thread_; }
  /// As it was opened with.
  size_t first_limit() const { return options_.memory_limit; }

  /// Draft, fill and publish.
  storage::Written write(storage::StoreThread& thread, const NewItem& item,
                         const storage::WriteRule& rule);

  /// The whole value of an item, its pieces put together.
  std::string value_of(const storage::Item& item) const;

  /// Maintains until there is nothing more to do, or `rounds` are over.
  void maintain(int rounds);

  /// Maintains until no page is on its way, and what expired or was flushed is gone. False if that
  /// does not come to an end.
  bool settle();
  std::string what_is_on_its_way() const;

 private:
  void open();
  bool maintain_until_quiet();

  storage::StoreOptions options_;
  Clock clock_;
  std::string path_;  // of the memory file
  std::unique_ptr<storage::MemoryRegion> region_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::StoreThread> thread_;
};

}  // namespace ember::property
