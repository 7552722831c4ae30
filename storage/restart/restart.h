// SPDX-License-Identifier: BSD-3-Clause
// Restart: the start and the end of a persistent region: what a process takes over from the one
// before, and what a graceful stop leaves for the next. In between it keeps in the superblock what
// has to outlive a crash: reserved CAS numbers and the flush horizon.
//
// Threads: start() and stop() while no other thread uses the store; report() any; reserving numbers
// and keeping a flush, which the store calls, any.
// Lock order: the superblock's mutex is the last.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "storage/core/core.h"
#include "storage/core/janitor_role.h"
#include "storage/core/store_stats.h"
#include "storage/media/state_reader.h"
#include "storage/media/superblock.h"
#include "storage/read/verifier.h"
#include "storage/restart/migration.h"
#include "storage/restart/recovery.h"
#include "storage/stats/store_counters.h"

namespace ember::storage {

class Restart {
 public:
  /// What it works with; all of them outlive it.
  struct Parts {
    StoreCore& core;
    StoreCounters& counters;
    Reclaimer& reclaimer;
    Verifier& verifier;
    Linker& linker;
    Allocator& allocator;
  };
  explicit Restart(const Parts& parts);

  /// Takes over what is in the region, and opens the index. Errors: what is said in their messages;
  /// the region is then as it was, or as after a crash.
  Result<void> start() EMBER_EXCLUDES(superblock_mutex_);

  /// A graceful end: state file and superblock tell the next process that nothing is half done.
  /// `sync`: the region is on its device when this returns.
  Result<void> stop(bool sync) EMBER_EXCLUDES(superblock_mutex_);

  /// How the store came to its items.
  RecoveryReport report() const;

 private:
  Result<void> begin() EMBER_EXCLUDES(superblock_mutex_);
  SuperblockRecord running_record() const;
  Result<void> recover(Recovery& recovery) EMBER_REQUIRES(kJanitor);
  Result<void> scan(Recovery& recovery, const SuperblockRecord& as_found);
  std::unexpected<Error> give_up(SuperblockRecord as_found) EMBER_EXCLUDES(superblock_mutex_);
  Result<void> take_snapshot(Recovery& recovery, std::unique_ptr<StateReader>& used)
      EMBER_REQUIRES(kJanitor);
  Result<std::unique_ptr<StateReader>> open_state_file(const Recovery& recovery) const;
  Result<void> start_over(Recovery& recovery) EMBER_REQUIRES(kJanitor);
  Result<void> commit_start() EMBER_EXCLUDES(superblock_mutex_);
  void write_state_file(const std::string& path, bool sync) EMBER_REQUIRES(superblock_mutex_);
  void keep_reserved(uint64_t limit) EMBER_EXCLUDES(superblock_mutex_);
  void keep_flush(uint64_t horizon, UnixSeconds due) EMBER_EXCLUDES(superblock_mutex_);

  const Parts parts_;
  StoreCore& core_;
  Mutex superblock_mutex_;
  Superblock superblock_ EMBER_GUARDED_BY(superblock_mutex_);
  RecoveryReport report_;
  std::jthread cleaner_;  // ends by itself, soon after the start
};

}  // namespace ember::storage
