// SPDX-License-Identifier: BSD-3-Clause
#include "storage/restart/restart.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/restart/snapshot.h"

namespace ember::storage {

Restart::Restart(const Parts& parts)
    : parts_(parts), core_(parts.core), superblock_(parts.core.region) {}

Result<void> Restart::start() {
  kJanitor.assume();  // there is no other thread yet
  if (!core_.region.persistent()) {
    return core_.open_index(0);
  }
  if (auto begun = begin(); !begun) {
    return begun;
  }
  Recovery recovery(core_, parts_.counters);
  recovery.survey();
  if (auto opened = core_.open_index(recovery.most_items()); !opened) {
    return opened;
  }
  if (auto recovered = recover(recovery); !recovered) {
    return recovered;
  }
  return commit_start();
}

/// What the superblock says while this process runs.
SuperblockRecord Restart::running_record() const {
  SuperblockRecord record = core_.takeover.record;
  record.format = kMediaFormat;
  record.arena_size = std::max<uint64_t>(record.arena_size, core_.region.bytes().size());
  record.state = SuperblockRecord::running;
  record.synced = 0;
  record.media =
      core_.region.persist() == nullptr ? SuperblockRecord::page_cache : SuperblockRecord::flushed;
  record.boot_id = boot_id();
  record.written = core_.now();
  if (record.flush_due != 0 && record.flush_due <= core_.takeover.noted) {
    record.flush_horizon = record.cas;  // it would have come meanwhile: all there is
    record.flush_due = 0;
  }
  ++record.run;
  return record;
}

/// Before anything in the region is changed: it is in use, by this boot.
Result<void> Restart::begin() {
  const Takeover& takeover = core_.takeover;
  core_.pages.set_media({.persistent = true, .file_id = core_.salt, .durable = core_.durable});
  report_.reason = takeover.reason;
  report_.flushed = core_.durable.needed();
  report_.source = takeover.warm ? RecoveryReport::Source::scan : RecoveryReport::Source::cold;
  if (takeover.ours) {
    report_.last_stop =
        takeover.graceful ? RecoveryReport::LastStop::graceful : RecoveryReport::LastStop::crash;
  }
  const SuperblockRecord record = running_record();
  check(record.state == SuperblockRecord::running && record.synced == 0,
        "a region in use says so, and that it is not on its device");
  core_.order.restore(record.cas);
  core_.flushed.restore(record.flush_horizon, record.flush_due,
                        [this](uint64_t horizon, UnixSeconds due) { keep_flush(horizon, due); });
  const MutexLock lock(superblock_mutex_);
  superblock_.record = record;
  superblock_.write();
  return superblock_.sync();
}

/// By the state file of the stop before, if that was a graceful one; else by a scan.
Result<void> Restart::recover(Recovery& recovery) {
  if (core_.giving_up()) {
    return give_up(core_.takeover.record);
  }
  SuperblockRecord as_found = core_.takeover.record;
  const auto start = std::chrono::steady_clock::now();
  const auto path = core_.region.state_path();
  std::unique_ptr<StateReader> reader;
  if (core_.takeover.warm && core_.takeover.graceful && path) {
    if (const auto taken = take_snapshot(recovery, reader); taken) {
      report_.source = RecoveryReport::Source::state_file;
      report_.items = core_.index->entry_count();
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
    if (auto scanned = scan(recovery, as_found); !scanned) {
      return scanned;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  report_.seconds = took.count();
  return {};
}

/// Finds the items by reading all pages, and migrates those in pages that do not fit.
Result<void> Restart::scan(Recovery& recovery, const SuperblockRecord& as_found) {
  Migration migration({.core = core_,
                       .counters = parts_.counters,
                       .reclaimer = parts_.reclaimer,
                       .verifier = parts_.verifier,
                       .linker = parts_.linker,
                       .allocator = parts_.allocator},
                      recovery.misfit_pages());
  const auto outcome = recovery.run(migration, report_);
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
  return {};
}

/// Before anything was migrated: the next start finds the stop before this one.
std::unexpected<Error> Restart::give_up(SuperblockRecord as_found) {
  if (core_.takeover.warm) {
    core_.durable.fence();
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

Result<std::unique_ptr<StateReader>> Restart::open_state_file(const Recovery& recovery) const {
  const SuperblockRecord& record = core_.takeover.record;
  const auto seal = load_unaligned<StateSeal>(record.state_seal.data());
  if (seal == StateSeal()) {
    return fail("the stop left none");
  }
  if (core_.takeover.noted > core_.now()) {
    return fail("the system's clock was set back, and what has expired must be looked for");
  }
  if (!recovery.all_pages_fit()) {
    return fail("it is for other slab options or another -m");
  }
  return StateReader::open(
      *core_.region.state_path(),
      {.file_id = core_.salt, .stop_id = record.stop_id, .format_version = kMediaFormat}, seal);
}

/// If it fails, everything is as before.
Result<void> Restart::take_snapshot(Recovery& recovery, std::unique_ptr<StateReader>& used) {
  auto reader = open_state_file(recovery);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  used = std::move(*reader);
  auto taken = Snapshot(core_, parts_.counters).read(*used, recovery.pages());
  // A key at the very end of the arena is compared without looking: it must not reach beyond.
  const auto last = static_cast<uint32_t>(core_.pages.count() - 1);
  if (taken && core_.pages.page(last).unverified && !parts_.verifier.verify_page(last)) {
    taken = fail("the last page is damaged");
  }
  check(recovery.pages().size() < core_.pages.count(), "the superblock's page is no class's");
  if (taken) {
    parts_.verifier.start(recovery.pages().size());
    return taken;
  }
  if (auto anew = start_over(recovery); !anew) {
    return anew;
  }
  return taken;
}

/// Everything is as survey() left it.
Result<void> Restart::start_over(Recovery& recovery) {
  recovery.start_over();
  core_.slabs.start_over();
  parts_.verifier.forget();
  parts_.counters.forget_found();
  auto opened = core_.open_index(recovery.most_items());
  check(!opened || core_.index->entry_count() == 0, "a start that begins again knows no items");
  return opened;
}

/// The start is over: what it found counts, and numbers are reserved for what is written from now.
Result<void> Restart::commit_start() {
  core_.durable.fence();
  core_.order.start_reserving(core_.options.cas_reserve,
                              [this](uint64_t limit) { keep_reserved(limit); });
  const MutexLock lock(superblock_mutex_);
  SuperblockRecord& record = superblock_.record;
  check(record.state == SuperblockRecord::running, "a start that is committed has begun");
  record.arena_size = core_.region.bytes().size();
  record.cas = core_.order.last() + core_.options.cas_reserve;
  check(record.cas >= core_.takeover.record.cas, "numbers reserved come after those given");
  superblock_.write();
  const bool beyond = core_.region.whole().size() > core_.region.bytes().size();
  return beyond ? core_.region.cut() : Result<void>();
}

void Restart::keep_reserved(uint64_t limit) {
  const MutexLock lock(superblock_mutex_);
  superblock_.record.cas = limit;
  superblock_.record.written = core_.now();
  superblock_.write();
}

void Restart::keep_flush(uint64_t horizon, UnixSeconds due) {
  const MutexLock lock(superblock_mutex_);
  superblock_.record.flush_horizon = horizon;
  superblock_.record.flush_due = due;
  superblock_.record.written = core_.now();
  superblock_.write();
}

Result<void> Restart::stop(bool sync) {
  if (!core_.region.persistent()) {
    return {};
  }
  if (sync) {
    if (auto synced = core_.region.sync(0, core_.region.bytes().size()); !synced) {
      return synced;
    }
  }
  const MutexLock lock(superblock_mutex_);
  SuperblockRecord& record = superblock_.record;
  check(record.state == SuperblockRecord::running, "a store stops once");
  record.state = SuperblockRecord::stopped;
  record.stop_id = random_id();
  record.synced = sync ? 1 : 0;
  record.cas = core_.order.last();
  record.written = core_.now();
  record.state_seal = {};
  if (const auto path = core_.region.state_path()) {
    write_state_file(*path, sync);
  }
  superblock_.write();
  return sync ? superblock_.sync() : Result<void>();
}

/// Best effort: without it, the next start looks through the memory file.
void Restart::write_state_file(const std::string& path, bool sync) {
  SuperblockRecord& record = superblock_.record;
  const auto seal = Snapshot(core_, parts_.counters)
                        .write({.path = path,
                                .identity = {.file_id = core_.salt,
                                             .stop_id = record.stop_id,
                                             .format_version = kMediaFormat},
                                .durable = sync || core_.durable.needed()});
  if (seal) {
    store_unaligned(record.state_seal.data(), *seal);
  } else {
    log::info("no state file: {}; the next start looks through the memory file instead",
              seal.error().message);
  }
}

RecoveryReport Restart::report() const {
  RecoveryReport report = report_;
  report.damaged += parts_.verifier.damaged_items();
  return report;
}

}  // namespace ember::storage
