// SPDX-License-Identifier: BSD-3-Clause
// A lasting region's start and end, and what its superblock learns in between.
#include <algorithm>

#include "storage/store_impl.h"

namespace ember::storage {

/// Before anything in the region is changed: it is in use, by this boot.
Result<void> StoreImpl::begin_lasting() {
  pages_.set_media({.lasting = true, .file_id = salt_, .durable = durable_});
  report_.reason = takeover_.reason;
  report_.flushed = durable_.needed();
  report_.source = takeover_.warm ? RecoveryReport::Source::scan : RecoveryReport::Source::cold;
  if (takeover_.warm) {
    report_.last_stop =
        takeover_.graceful ? RecoveryReport::LastStop::graceful : RecoveryReport::LastStop::crash;
  }
  const MutexLock lock(superblock_mutex_);
  SuperblockRecord& record = superblock_.record;
  record = takeover_.record;
  record.format = kMediaFormat;
  record.arena_size = std::max<uint64_t>(record.arena_size, region_.bytes().size());
  record.state = SuperblockRecord::running;
  record.synced = 0;
  record.media =
      region_.persist() == nullptr ? SuperblockRecord::page_cache : SuperblockRecord::flushed;
  record.boot_id = boot_id();
  record.written = now();
  if (record.flush_due != 0 && record.flush_due <= takeover_.noted) {
    record.flush_horizon = record.cas;  // it would have come meanwhile: all there is
    record.flush_due = 0;
  }
  ++record.run;
  superblock_.write();
  last_cas_.store(record.cas);
  flushed_.restore(record.flush_horizon, record.flush_due,
                   [this](uint64_t horizon, UnixSeconds due) { keep_flush(horizon, due); });
  return superblock_.sync();
}

/// After recovery: the figures it found count from now on.
Result<void> StoreImpl::settle_lasting() {
  durable_.fence();
  const MutexLock lock(superblock_mutex_);
  SuperblockRecord& record = superblock_.record;
  record.arena_size = region_.bytes().size();
  record.cas = last_cas_.load() + options_.cas_reserve;
  cas_limit_.store(record.cas);
  superblock_.write();
  return region_.whole().size() > region_.bytes().size() ? region_.cut() : Result<void>();
}

void StoreImpl::reserve_cas(uint64_t sequence) {
  const MutexLock lock(superblock_mutex_);
  if (sequence < cas_limit_.load(std::memory_order_relaxed)) {
    return;
  }
  superblock_.record.cas = sequence + options_.cas_reserve;
  superblock_.record.written = now();
  superblock_.write();
  cas_limit_.store(superblock_.record.cas);
}

void StoreImpl::keep_flush(uint64_t horizon, UnixSeconds due) {
  const MutexLock lock(superblock_mutex_);
  superblock_.record.flush_horizon = horizon;
  superblock_.record.flush_due = due;
  superblock_.record.written = now();
  superblock_.write();
}

Result<void> StoreImpl::close(bool sync) {
  if (!region_.lasting()) {
    return {};
  }
  if (sync) {
    if (auto synced = region_.sync(0, region_.bytes().size()); !synced) {
      return synced;
    }
  }
  const MutexLock lock(superblock_mutex_);
  SuperblockRecord& record = superblock_.record;
  record.state = SuperblockRecord::stopped;
  record.stop_id = random_id();
  record.synced = sync ? 1 : 0;
  record.cas = last_cas_.load();
  record.written = now();
  superblock_.write();
  return sync ? superblock_.sync() : Result<void>();
}

}  // namespace ember::storage
