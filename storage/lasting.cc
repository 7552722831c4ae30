// SPDX-License-Identifier: BSD-3-Clause
// A persistent region's start and end, and what its superblock learns in between.
#include <algorithm>
#include <chrono>
#include <memory>

#include "base/log.h"
#include "storage/recovery.h"
#include "storage/snapshot.h"
#include "storage/store_impl.h"

namespace ember::storage {

/// Before anything in the region is changed: it is in use, by this boot.
Result<void> StoreImpl::begin_persistent() {
  pages_.set_media({.persistent = true, .file_id = salt_, .durable = durable_});
  report_.reason = takeover_.reason;
  report_.flushed = durable_.needed();
  report_.source = takeover_.warm ? RecoveryReport::Source::scan : RecoveryReport::Source::cold;
  if (takeover_.ours) {
    report_.last_stop =
        takeover_.graceful ? RecoveryReport::LastStop::graceful : RecoveryReport::LastStop::crash;
  }
  SuperblockRecord record = takeover_.record;
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
  last_cas_.store(record.cas);
  flushed_.restore(record.flush_horizon, record.flush_due,
                   [this](uint64_t horizon, UnixSeconds due) { keep_flush(horizon, due); });
  // The superblock's mutex is the last in the order.
  const MutexLock lock(superblock_mutex_);
  superblock_.record = record;
  superblock_.write();
  return superblock_.sync();
}

/// By the state file of the stop before, if there was a graceful one; else by looking.
Result<void> StoreImpl::recover(Recovery& recovery) {
  if (giving_up()) {
    return give_up(takeover_.record);
  }
  SuperblockRecord as_found = takeover_.record;
  const auto start = std::chrono::steady_clock::now();
  const auto path = region_.state_path();
  std::unique_ptr<StateReader> reader;
  if (takeover_.warm && takeover_.graceful && path) {
    if (const auto taken = take_snapshot(recovery, reader); taken) {
      report_.source = RecoveryReport::Source::state_file;
      report_.items = index_->entry_count();
    } else {
      report_.reason = "not by the state file: " + taken.error().message;
    }
  }
  if (path) {
    discard_state_file(*path);
    as_found.state_seal = {};
  }
  // Its memory is given back when the last mapping of it goes, which takes its time.
  cleaner_ = std::jthread([used = std::move(reader)]() mutable { used.reset(); });
  if (report_.source != RecoveryReport::Source::state_file) {
    const auto outcome = recovery.run(report_);
    if (!outcome) {
      return std::unexpected(outcome.error());
    }
    switch (*outcome) {
      case Recovery::Outcome::done:
        break;
      case Recovery::Outcome::given_up:
        return give_up(as_found);
      case Recovery::Outcome::cut_short:
        return fail("asked to end while fitting it to the new -m, -f or -n; start again to go on");
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  report_.seconds = took.count();
  return {};
}

/// Before anything was brought over: the next start finds the stop before this one.
std::unexpected<Error> StoreImpl::give_up(SuperblockRecord as_found) {
  if (takeover_.warm) {
    durable_.fence();
    const MutexLock lock(superblock_mutex_);
    as_found.version = superblock_.record.version;
    superblock_.record = as_found;
    superblock_.write();
    if (auto synced = superblock_.sync(); !synced) {
      return std::unexpected(synced.error());
    }
  }
  return fail("asked to end before it was looked through; it is as it was, start again to go on");
}

/// If it fails, everything is as before.
Result<void> StoreImpl::take_snapshot(Recovery& recovery, std::unique_ptr<StateReader>& used) {
  const auto seal = load_unaligned<StateSeal>(takeover_.record.state_seal.data());
  if (seal == StateSeal()) {
    return fail("the stop left none");
  }
  if (takeover_.noted > now()) {
    return fail("the system's clock was set back, and what has expired must be looked for");
  }
  if (!recovery.all_pages_fit()) {
    return fail("it is for other size_class options or another -m");
  }
  auto reader = StateReader::open(
      *region_.state_path(),
      {.file_id = salt_, .stop_id = takeover_.record.stop_id, .format_version = kMediaFormat},
      seal);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  used = std::move(*reader);
  auto taken = Snapshot(*this).read(*used, recovery.pages());
  // A key at the very end of the arena is compared without looking: it must not reach beyond.
  const auto last = static_cast<uint32_t>(pages_.count() - 1);
  if (taken && pages_.page(last).unverified && !verify_page(last)) {
    taken = fail("the last page is damaged");
  }
  if (taken) {
    unverified_pages_.store(recovery.pages().size());
    return taken;
  }
  recovery.start_over();
  for (auto& size_class : slabs_) {
    size_class = std::make_unique<SlabClass>(size_class->id(), pages_, classes_);
  }
  damaged_.clear();
  {
    const MutexLock lock(threads_mutex_);
    past_changes_ = std::vector<ThreadState::ClassChange>(slabs_.size());
  }
  if (auto opened = open_index(recovery.most_items()); !opened) {
    return opened;
  }
  return taken;
}

ChunkFrame StoreImpl::frame_found(uint64_t offset, size_t chunk_size) const {
  return {.offset = offset,
          .size = chunk_size,
          .salt = salt_,
          .part_size = classes_.largest(),
          .last_sequence = takeover_.record.cas};
}

bool StoreImpl::died_while_down(const Item& item) const {
  const UnixSeconds exptime = item.exptime();
  return (exptime != 0 && exptime <= takeover_.noted) || item.sequence() <= flushed_.value();
}

/// After recovery: the figures it found count from now on.
Result<void> StoreImpl::settle_persistent() {
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
  if (!region_.persistent()) {
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
  record.state_seal = {};
  if (const auto path = region_.state_path()) {
    write_state_file(*path, sync);
  }
  superblock_.write();
  return sync ? superblock_.sync() : Result<void>();
}

/// Best effort: without it, the next start looks through the memory file.
void StoreImpl::write_state_file(const std::string& path, bool sync) {
  SuperblockRecord& record = superblock_.record;
  const auto seal = Snapshot(*this).write(
      {.path = path,
       .identity = {.file_id = salt_, .stop_id = record.stop_id, .format_version = kMediaFormat},
       .durable = sync || durable_.needed()});
  if (seal) {
    store_unaligned(record.state_seal.data(), *seal);
  } else {
    log::info("no state file: {}; the next start looks through the memory file instead",
              seal.error().message);
  }
}

RecoveryReport StoreImpl::recovery() const {
  RecoveryReport report = report_;
  report.damaged += damaged_items_.load();
  return report;
}

}  // namespace ember::storage
